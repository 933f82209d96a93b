"""The sentences of a case's reasons and suggestions, in every language. Templates name what they fill in."""

from collections.abc import Mapping

from lobule.contracts.case import Reason, ReasonCode, Suggestion, SuggestionCode
from lobule.contracts.language import Language

REASONS: Mapping[Language, Mapping[ReasonCode, str]] = {
    "en": {
        "film_suspected": "{image}: the film shows signs that suggest a malignant lesion.",
        "film_not_sure": "{image}: the system cannot tell whether this film shows a malignant lesion.",
        "films_no_sign": "Films without a sign of a malignant lesion: {images}.",
        "suspected_in_both_views": "Both views of the {side} breast raise suspicion.",
        "suspected_in_one_view": (
            "The {side} breast raises suspicion in {image} but not in {other}. What shows in one view only can be "
            "overlapping tissue, or a lesion that the other view hides; further views can tell."
        ),
        "histology_malignant": "{image}: the tissue has features of malignancy.",
        "histology_not_sure": "{image}: the system cannot tell whether the tissue is benign or malignant.",
        "histology_no_sign": "Tissue without a sign of malignancy: {images}.",
        "histology_does_not_clear": (
            "That the tissue shows no sign of malignancy does not clear the films: the sample may not come from the "
            "place that they show."
        ),
        "not_assessed": "{image} could not be assessed.",
        "not_called_negative": (
            "No sign of malignancy was found in what was assessed; because something could not be assessed, the case "
            "is not called negative."
        ),
        "still_analysed": "Still being analysed: {images}.",
        "view_unknown": (
            "{image}: the view or the side of this film is not known, so it is not compared with any other."
        ),
    },
    "zh": {
        "film_suspected": "{image}：该片可见提示恶性病变的征象。",
        "film_not_sure": "{image}：系统无法判断该片是否显示恶性病变。",
        "films_no_sign": "未见恶性病变征象的乳腺X线片：{images}。",
        "suspected_in_both_views": "{side}乳的两个体位均提示可疑。",
        "suspected_in_one_view": (
            "{side}乳在{image}提示可疑，在{other}则否。仅见于一个体位者，可能为组织重叠，也可能是在另一体位被遮盖的病灶；"
            "加拍体位可予鉴别。"
        ),
        "histology_malignant": "{image}：组织具有恶性特征。",
        "histology_not_sure": "{image}：系统无法判断该组织为良性或恶性。",
        "histology_no_sign": "未见恶性征象的组织图像：{images}。",
        "histology_does_not_clear": ("组织图像未见恶性征象，并不能排除乳腺X线片上的疑点：样本未必取自片中所示部位。"),
        "not_assessed": "{image}未能评估。",
        "not_called_negative": "已评估的图像中未见恶性征象；但因有图像未能评估，本病例不判为阴性。",
        "still_analysed": "仍在分析：{images}。",
        "view_unknown": "{image}：该片的体位或侧别未知，因此不与其他片对照。",
    },
}

SUGGESTIONS: Mapping[Language, Mapping[SuggestionCode, str]] = {
    "en": {
        "read_with_priority": (
            "A physician should read this case with priority. Do not decide on treatment from this result alone."
        ),
        "further_imaging": (
            "Settle the doubt about {images} by imaging first: compare the other view of the breast and earlier films, "
            "then take further views or an ultrasound."
        ),
        "histopathology": (
            "If a marked finding stays suspicious after further imaging, a tissue sample (biopsy) can settle it; its "
            "images can be added to this case."
        ),
        "correlate_with_tissue": (
            "Read {images} together with the tissue: does it come from the place in doubt? A doubt about any other "
            "place needs imaging of its own: the other view and earlier films, then further views or an ultrasound."
        ),
        "check_biopsy_site": (
            "Check that imaging and pathology agree. If the tissue does not explain what the films show, it may have "
            "to be taken again."
        ),
        "disease_extent": (
            "Have a pathologist confirm the tissue. If it is malignant, use the films of both breasts, ultrasound or "
            "MRI to see how far the disease extends. A film without a sign does not speak against the tissue."
        ),
        "more_tissue": (
            "A pathologist should decide. More fields of the same slide, another magnification or further stains "
            "may help."
        ),
        "complete_views": "Add the views that are missing, or note why they were not taken: {views}.",
        "name_views": (
            "Name view and side of the films that lack them, so that the two views of a breast can be compared."
        ),
        "repeat_failed": "Have a physician read the images that were not assessed, or upload them again: {images}.",
        "read_as_usual": "Read the images as usual. This result does not exclude cancer.",
        "wait": "Wait until every image has been analysed.",
    },
    "zh": {
        "read_with_priority": "建议医师优先阅读本病例。请勿仅凭本结果决定治疗。",
        "further_imaging": "请先以影像检查解决{images}的疑问：对照同侧乳房的另一体位和既往片，再加拍体位或行超声检查。",
        "histopathology": "如标记的所见在进一步影像检查后仍可疑，组织取样（活检）可以明确；其图像可加入本病例。",
        "correlate_with_tissue": (
            "请将{images}与组织图像对照：组织是否取自存疑部位？其他部位的疑点需另行影像检查：先对照同侧乳房的另一体位和既往片，"
            "再加拍体位或行超声检查。"
        ),
        "check_biopsy_site": "请核对影像与病理是否相符。如组织不能解释片中所见，可能需要重新取材。",
        "disease_extent": (
            "请由病理医师确认组织诊断。如确为恶性，应以双侧乳腺X线片、超声或磁共振评估病变范围。片中未见征象，并不能否定组织所见。"
        ),
        "more_tissue": "应由病理医师判断。同一切片的更多视野、其他放大倍数或进一步染色可能有帮助。",
        "complete_views": "请补充缺少的体位，或注明未拍摄的原因：{views}。",
        "name_views": "请为缺少信息的片注明体位和侧别，以便对照同一乳房的两个体位。",
        "repeat_failed": "未能评估的图像请由医师阅读，或重新上传：{images}。",
        "read_as_usual": "请照常阅读图像。本结果不能排除癌症。",
        "wait": "请等待所有图像分析完成。",
    },
}

SIDES: Mapping[Language, Mapping[str, str]] = {"en": {"L": "left", "R": "right"}, "zh": {"L": "左", "R": "右"}}


def reason_in_words(reason: Reason, language: Language) -> str:
    """A reason's sentence."""
    return REASONS[language][reason.code].format(**_in_language(reason.values, language))


def suggestion_in_words(suggestion: Suggestion, language: Language) -> str:
    """A suggestion's sentence."""
    return SUGGESTIONS[language][suggestion.code].format(**_in_language(suggestion.values, language))


def _in_language(values: dict[str, str], language: Language) -> dict[str, str]:
    return {name: SIDES[language][value] if name == "side" else value for name, value in values.items()}
