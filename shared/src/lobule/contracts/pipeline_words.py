"""What pipelines, models and the gateway say in English, for readers of other languages.

What has a stable code is found by it; that English sentence may name figures that the translation leaves out, but never
says less of what to do. What a model package says of itself (its training data, its limits, what was measured) is found
by the English sentence, in which numbers may change: `#` stands for each, and `{0}`, `{1}` … take them over.
"""

import re
from collections.abc import Mapping

from lobule.contracts.language import Language

_BY_CODE: Mapping[str, str] = {
    "notice.magnification_unknown": "未给出放大倍数，因此分别按40X和100X读取了该图像。请给出放大倍数，结果会更准确。",
    "notice.magnification_not_measured": "该模型在40X和100X下测定，未在本图像的放大倍数下测定；请谨慎看待其确定程度。",
    "notice.magnification_assumed": "未给出放大倍数，按假定的放大倍数分析。",
    "notice.small_image": "图像小于一个图块，已放大后分析。",
    "notice.colour_profile_ignored": "文件的颜色配置文件已损坏或不适用，已按sRGB颜色读取。",
    "notice.image_shrunk": "图像很大，已缩小后分析。",
    "notice.lossy_compression": "该片曾经过有损压缩。",
    "notice.no_window": "文件未给出窗宽窗位，按组织的灰度范围显示。",
    "notice.window_unusable": "文件给出的某个窗或查找表无法使用；这只影响最初的显示，不影响读片结果。",
    "notice.rescale_unusable": "文件给出的灰度换算无法使用，已略去。",
    "notice.palette_unusable": "文件的调色板无法使用，已将索引值作为灰度读取。",
    "notice.padding_unusable": "文件将几乎所有像素标为填充值；这些像素仍按测量值读取。",
    "notice.high_bit_unusable": "文件标签给出的像素位置有误，已按实际数据读取。",
    "notice.bits_stored_exceeded": "文件实际使用的位数多于标签所述，已全部读取。",
    "notice.spacing_uncertain": "文件未按标准给出像素大小或放大倍数，请谨慎看待毫米数。",
    "notice.view_conflict": "文件中关于体位的说明互相矛盾，请核对。",
    "notice.view_unknown": "文件所注的体位无法识别；如文件未另注体位，则体位留空，请注明。",
    "notice.view_modifier_unknown": "文件以未知代码修饰体位。",
    "notice.special_view": "这是特殊体位，并非筛查体位；该模型未在此类片上测定。",
    "notice.implant_displaced": "拍摄该片时植入物已推移。",
    "notice.magnified_view": "该片为局部放大或点压片，不能代替整个乳房的片。",
    "notice.partial_view": "该片只显示乳房的一部分，是同一体位多张片之一。",
    "notice.laterality_conflict": "文件中左右侧说明互相矛盾，已采用图像自身的侧别；请核对。",
    "notice.laterality_against_file": "上传时注明的侧别与文件不一致，已采用上传时的侧别；请核对。",
    "notice.view_against_file": "上传时注明的体位与文件不一致，已采用上传时的体位；请核对。",
    "notice.orientation_unknown": "文件称图像曾翻转或旋转，但未说明哪一侧朝上；请核对其方向。",
    "notice.hung_right": "该片存储时为镜像或旋转状态，现已按常规方向显示。",
    "notice.hung_by_chest_wall": "胸壁位置与所注侧别不符：该片为镜像，或侧别有误。现按常规一侧显示；请核对侧别。",
    "notice.chest_wall_against_laterality": "胸壁位置与所注侧别不符；请核对侧别。",
    "notice.film_inverted": "该片存储时背景为亮色，已反转。",
    "notice.aspect_assumed": (
        "该图为正方形，而乳腺X线片并非如此；判断其曾被拉伸，已按常见长宽比处理。如可能，请提供导出时的原始文件。"
    ),
    "notice.further_imaging_suggested": (
        "仅凭该片不能确定有无恶性病变。请对照另一体位和既往片；如仍有疑问，再加拍体位或行超声检查。"
    ),
    "notice.histopathology_suggested": "如标记的所见在进一步影像检查后仍可疑，组织取样（活检）可以明确。",
    "heat_map.meaning.histopathology": "明亮区域支持恶性，暗色区域不支持。该图显示影响分类结果的部位，并不勾画肿瘤。",
    "heat_map.meaning.mammography": "明亮区域表示在初筛模型看来支持恶性肿块的部位；并非病灶轮廓。",
    "heat_map.method.histopathology": "类激活图：以分类器权重加权最后的特征图（Zhou等，CVPR 2016），逐图块拼接",
    "heat_map.method.mammography": "初筛网络的实例概率（深度多示例网络，Zhu等，2017）",
    "error.empty_file": "文件是空的。",
    "error.unsupported_format": "文件格式无法分析。",
    "error.image_unreadable": "图像无法读取。",
    "error.image_truncated": "文件不完整。",
    "error.animated_image": "动画图像无法分析。",
    "error.too_many_pixels": "图像过大。",
    "error.image_too_small": "图像过小。",
    "error.not_histology": "图像不像组织病理学图像。",
    "error.not_mammogram": "图像不像乳腺X线片。",
    "error.several_films": "图中不止一张片；请逐张提交。",
    "error.not_screening_view": "该图像不是乳腺筛查体位。",
    "error.model_unavailable": "本服务器未安装用于此类图像的模型。",
    "error.timed_out": "分析时间过长，已停止。",
    "error.worker_lost": "分析程序多次中断。",
    "error.storage_full": "服务器存储空间不足。",
    "error.storage_unavailable": "图像存储暂时无法访问。",
    "error.result_unreadable": "该分析所保存的结果已丢失或损坏；请重新分析该图像。",
    "error.internal_error": "分析意外失败。",
    "error.cancelled": "分析已取消。",
}

_BY_SENTENCE: Mapping[str, str] = {
    # How good: what was measured
    "Image AUC": "图像级AUC",
    "Image accuracy": "图像级准确率",
    "Image sensitivity": "图像级灵敏度",
    "Image specificity": "图像级特异度",
    "Image precision": "图像级精确率",
    "Image f#": "图像级F{0}",
    "Image ECE": "图像级ECE",
    "Patient accuracy": "患者级准确率",
    "Patient AUC": "患者级AUC",
    "AP#, class-agnostic": "AP{0}，不分良恶性",
    "AP, class-agnostic": "AP，不分良恶性",
    "Sensitivity at # FPPI": "FPPI为{0}时的灵敏度",
    "Triage AUC, benign against malignant": "初筛AUC，恶性对良性",
    "Mean sensitivity at the working threshold": "工作阈值下的平均灵敏度",
    "FPPI at the working threshold": "工作阈值下的FPPI",
    # by which rule
    "IoU >= #": "IoU ≥ {0}",
    "IoU >= #, COCO": "IoU ≥ {0}，COCO规则",
    "IoU #:#, COCO": "IoU {0}至{1}，COCO规则",
    "OR >= #": "OR ≥ {0}",
    "centre hit": "中心命中",
    "film": "整片",
    "every finding is false": "每个标记均为假阳性",
    # on which data
    "CBIS-DDSM, untouched fifth": "CBIS-DDSM，未参与任何选择的五分之一",
    "mini-MIAS, # normal films": "mini-MIAS，{0}张正常片",
    "mini-MIAS, # films with a mass": "mini-MIAS，{0}张含肿块的片",
    "#X: # fields, # benign and # malignant patients": "{0}X：{1}个视野，{2}名良性和{3}名恶性患者",
    # What a model learned from, how its probabilities were calibrated, under which licence it stands
    "BreakHis (Spanhol et al., IEEE TBME #), # fields of # patients: #X #, #X #, #X #, #X #": (
        "BreakHis（Spanhol等，IEEE TBME {0}），{2}名患者的{1}个视野：{3}X {4}个、{5}X {6}个、{7}X {8}个、{9}X {10}个"
    ),
    "CBIS-DDSM mass training films (seven tenths of the patients, by hash) and CDD-CESM low-energy images with a "
    "mass.": ("CBIS-DDSM肿块训练集的片（按散列取十分之七的患者），以及CDD-CESM中含肿块的低能图像。"),
    "Platt scaling on out-of-fold logits, classes weighing alike, the intercept held near #": (
        "对折外输出作Platt校准，两个类别权重相同，截距约束在{0}附近"
    ),
    "Logistic regression on the validation patients (a tenth of CBIS-DDSM's training films).": (
        "在验证患者（CBIS-DDSM训练集的十分之一）上作逻辑回归校准。"
    ),
    "Apache-#; pretrained backbone: MIT; as distributed by keras.applications": (
        "Apache-{0}；预训练主干网络：MIT；由keras.applications发布"
    ),
    "Apache-#; trained on CC BY # and CC BY # data, see the attribution.": (
        "Apache-{0}；以CC BY {1}和CC BY {2}数据训练，见署名。"
    ),
    # Where it fails
    "Few patients: the intervals are wide, and the figures move with the folds. Backbone, depth and regularisation "
    "were chosen on the same cross-validation, so the figures are a little kind.": (
        "患者数量少：区间较宽，数值随分折而变。主干网络、深度与正则化是在同一交叉验证上选定的，因此数值略为乐观。"
    ),
    "One laboratory, one scanner, surgical biopsies of eight tumour types. Other stains, cameras and tissues were not "
    "measured.": "来自一家实验室、一台扫描仪、八种肿瘤类型的手术活检。其他染色、相机和组织未经测定。",
    "Trained with benign and malignant tumours; it has not seen normal breast tissue, in-situ carcinoma or other "
    "organs.": "仅以良性和恶性肿瘤训练；未见过正常乳腺组织、原位癌或其他器官。",
    "Trained on scanned films that all hold at least one mass. On films without one, and on digital mammograms, its "
    "probabilities are not calibrated.": (
        "以扫描胶片训练，每张至少含一个肿块。对于不含肿块的片和数字乳腺X线片，其概率未经校准。"
    ),
    "The films were # x # copies in # bits; fine calcifications are invisible in them, and calcifications without a "
    "mass are not what this model looks for.": (
        "训练用片为{0} x {1}、{2}位的副本；其中看不到细小钙化，本模型也不寻找无肿块的钙化。"
    ),
    "Outlines are learned from boxes (box projection) and a small set of hand-drawn masks; they are approximate.": (
        "轮廓由方框（方框投影）和少量手工勾画的掩膜学得，仅为近似。"
    ),
    "Only one film is looked at; views, sides and earlier films are not compared.": (
        "每次只看一张片；不比较体位、左右侧和既往片。"
    ),
    "Research use only. It assists a reader and replaces none.": "仅供研究使用。它辅助阅片者，不能替代任何人。",
}

_NUMBER = re.compile(r"\d+(?:\.\d+)*")


def by_code(language: Language) -> Mapping[str, str]:
    """The translations of what has a code, as `notice.<code>`, `error.<code>`, `heat_map.…`; none for English."""
    return _BY_CODE if language == "zh" else {}


def said(language: Language, key: str, english: str) -> str:
    """What a pipeline said in English, in this language where it is known under `key`."""
    return by_code(language).get(key, english)


def sentence(language: Language, english: str) -> str | None:
    """What a model package says in English, in this language; None where that is not known."""
    if language == "en":
        return english
    text = " ".join(english.split())
    found = _BY_SENTENCE.get(_NUMBER.sub("#", text))
    return found.format(*_NUMBER.findall(text)) if found is not None else None
