"""The toy's modality specification."""

from lobule.contracts.modality import Holds, Look, ModalitySpec, Views

SPEC = ModalitySpec(
    name="ultrasound-toy",
    queue="us-toy",
    titles={"en": "Toy ultrasound", "zh": "玩具超声"},
    formats=("PNG",),
    evidence="image",
    attributes=("view", "laterality", "study_date"),
    views=Views(codes=("RAD", "ARAD", "TRANS"), offered=("RAD", "ARAD")),
    holds=Holds(findings=("cyst", "solid"), outlines=True),
    look=Look(file_names="sono|ultraso"),
    limits=("depth", "clinic"),
    limits_of_case=("depth",),
    sentences={
        "en": {
            "conclusion.malignancy_suspected": "The toy found a solid lesion in this sonogram.",
            "limits.depth": "What lies deeper than the toy looks.",
            "findings.label.solid": "solid lesion",
            "examined.view.RAD": "radial",
        },
        "zh": {
            "conclusion.malignancy_suspected": "玩具在该超声图像中发现实性病灶。",
            "limits.depth": "位于玩具检查深度以下的部分。",
            "findings.label.solid": "实性病灶",
            "examined.view.RAD": "放射状切面",
        },
    },
)
