"""What pipelines and the gateway say in English, by its stable code, for readers of other languages.

The English sentence may name figures that the translation leaves out; it never says less of what to do.
"""

from collections.abc import Mapping

PIPELINES_IN_CHINESE: Mapping[str, str] = {
    "notice.magnification_unknown": "未给出放大倍数。该模型在40X和100X下测定，其他放大倍数下可能不够准确。",
    "notice.magnification_not_measured": "该模型在40X和100X下测定，未在本图像的放大倍数下测定；请谨慎看待其确定程度。",
    "notice.magnification_assumed": "未给出放大倍数，按假定的放大倍数分析。",
    "notice.small_image": "图像小于一个图块，已放大后分析。",
    "notice.image_shrunk": "图像很大，已缩小后分析。",
    "notice.lossy_compression": "该片曾经过有损压缩。",
    "notice.no_window": "文件未给出窗宽窗位，显示其全部灰度范围。",
    "notice.film_inverted": "该片存储时背景为亮色，已反转。",
    "notice.aspect_assumed": (
        "该图为正方形，而乳腺X线片并非如此；判断其曾被拉伸，已按常见长宽比处理。如可能，请提供导出时的原始文件。"
    ),
    "notice.histopathology_suggested": (
        "仅凭该片不能确定有无恶性肿块。建议对标记区域行组织病理学检查（活检）；并参看另一体位。"
    ),
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
    "error.model_unavailable": "本服务器未安装用于此类图像的模型。",
    "error.timed_out": "分析时间过长，已停止。",
    "error.worker_lost": "分析程序多次中断。",
    "error.internal_error": "分析意外失败。",
    "error.cancelled": "分析已取消。",
}
