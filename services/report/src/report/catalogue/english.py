"""The report's sentences in English: the language in which a sentence is first written."""

from collections.abc import Mapping

from lobule import RESEARCH_USE_ONLY

ENGLISH: Mapping[str, str] = {
    # The document
    "document.title.histopathology": "Histopathology image analysis",
    "document.title.mammography": "Mammography image analysis",
    "document.title.case": "Breast imaging case",
    "document.case": "Case",
    "document.opened": "Opened",
    "document.language": "English",
    "document.page": "Page {page} of {pages}",
    "document.draft": "Draft, not signed",
    "document.draft.watermark": "DRAFT",
    "document.version": "Version {version}",
    "document.number": "Number of the case",
    "document.time": "{time} UTC",
    "document.product": "Lobule",
    "document.tagline": "Computer-aided analysis of breast images",
    "document.research_use": RESEARCH_USE_ONLY,
    "document.analysed": "Analysed",
    "document.footer": "This report was made by a computer program. A physician has to confirm or reject it.",
    # The conclusion
    "assessment.malignancy_suspected": "Malignancy suspected",
    "assessment.not_sure": "Not sure",
    "assessment.no_sign_of_malignancy": "No sign of malignancy",
    "conclusion.heading": "Conclusion",
    "conclusion.histopathology.malignancy_suspected": "The tissue in this image has features of malignancy.",
    "conclusion.histopathology.not_sure": (
        "The system cannot tell whether the tissue in this image is benign or malignant."
    ),
    "conclusion.histopathology.no_sign_of_malignancy": (
        "The system found no sign of malignancy in the tissue of this image."
    ),
    "conclusion.mammography.malignancy_suspected": (
        "The system found signs in this film that suggest a malignant lesion."
    ),
    "conclusion.mammography.not_sure": "The system cannot tell whether this film shows a malignant lesion.",
    "conclusion.mammography.no_sign_of_malignancy": "The system found no sign of a malignant lesion in this film.",
    "conclusion.system": "What the system concludes",
    "conclusion.none": "Not assessed",
    "conclusion.case.malignancy_suspected": "At least one image of this case raises the suspicion of malignancy.",
    "conclusion.case.not_sure": "The system cannot say whether this case is benign or malignant.",
    "conclusion.case.no_sign_of_malignancy": "The system found no sign of malignancy in any image that it judged.",
    "conclusion.case.none": "No image of this case could be assessed.",
    "reasons.heading": "Why",
    # The clinician
    "clinician.heading": "What the clinician concludes",
    "clinician.adopted": "The clinician signed the system's conclusion.",
    "clinician.comment": "Comment",
    "signature.heading": "Signature",
    "signature.unsigned": "Not signed. This draft may change.",
    "signature.name": "Signed by",
    "signature.time": "Signed on",
    "signature.version": "Version",
    "signature.electronic": "Signed electronically in Lobule. The signed content is kept and never changes.",
    "review.heading": "Clinician",
    "review.confirmed": "confirmed",
    "review.dismissed": "dismissed",
    "review.none": "not reviewed",
    "review.image": "The clinician on this image: {verdict}.",
    "review.comment": "Comment: {comment}",
    # Who decided: the clinician's part, and the appendix
    "clinician.agrees": "The system came to the same conclusion.",
    "clinician.overrules": "The system came to another conclusion, which is in the appendix.",
    "clinician.alone": "The system could not assess any image of this case.",
    "clinician.no_comment": "The clinician left no comment.",
    "clinician.on_images": "The clinician on the images",
    "findings.confirmed": "Confirmed by the clinician",
    "findings.unjudged": "Marked by the system, not judged by the clinician",
    "findings.marked": "Marked by the system, not reviewed yet",
    "findings.dismissed": "Dismissed by the clinician",
    "findings.in_image": "Finding {number} in {image}",
    "pictures.hung": (
        "Films hang with the chest walls together. Marks show what the system found, without what the clinician "
        "dismissed."
    ),
    "pictures.others": "Other images",
    "pictures.missing": "Not in this case",
    "pictures.prior": "{name} · prior of {day}",
    "appendix.heading": "Appendix: what the system did",
    "appendix.meaning": "For the record. Nothing in this appendix is a conclusion of the clinician.",
    "appendix.draft": "Details of the analysis",
    "appendix.overruled": "Overruled by the clinician: the system's conclusion and advice",
    "appendix.images": "The images and what the system concluded",
    "appendix.image": "Image",
    "appendix.conclusion": "Conclusion of the system",
    # Certainty
    "certainty.heading": "How certain is this?",
    "certainty.probability": "Suspicion of malignancy",
    "certainty.very_likely": "Malignancy is very likely.",
    "certainty.likely": "Malignancy is likely.",
    "certainty.even": "Malignancy is about as likely as not.",
    "certainty.unlikely": "Malignancy is unlikely.",
    "certainty.very_unlikely": "Malignancy is very unlikely.",
    "certainty.frequency": (
        "A suspicion of {percent} means: if 100 images like those the system learned from got this score, {count} of "
        "them would be expected to show malignancy. Among other patients the proportion can differ."
    ),
    "certainty.count": "about {count}",
    "certainty.count.few": "fewer than 1",
    "certainty.count.most": "more than 99",
    "certainty.highest": "Highest suspicion among the images that carry the conclusion",
    "certainty.below": "below {percent}",
    "certainty.between": "{low} to below {high}",
    "certainty.from": "{percent} and above",
    "certainty.zone": "{name}: {range}",
    "certainty.scale": "Scale of certainty from 0% to 100%. This image: {percent}, which means: {assessment}.",
    # Pictures
    "pictures.heading": "Pictures",
    "pictures.overview": "The images at a glance",
    "pictures.image": "{number}. {name}",
    "pictures.cutout": "Finding {number}, enlarged",
    "pictures.original": "The image as it was analysed",
    "pictures.annotated": "The same image with what the system found",
    "pictures.unmarked": "The same image. The system marked nothing in it.",
    "heat_map.weak": "weak",
    "heat_map.strong": "strong",
    "heat_map.legend": "Influence on the result",
    "heat_map.meaning": "Coloured regions: {meaning}",
    "heat_map.method": "How the colours were computed: {method}",
    # Findings
    "findings.heading": "Findings",
    "findings.weak": "Weaker marks, below the working threshold and not shown here: {count}. The portal shows them.",
    "findings.none": "No single lesion was marked in this film.",
    "findings.picture": "Picture",
    "findings.number": "No.",
    "findings.suspicion": "Suspicion of malignancy",
    "findings.headline": "Suspicion of malignancy: {percent}",
    "findings.kind": "If it is a mass",
    "findings.presence": "A mass is there",
    "findings.position": "Centre, from upper left",
    "findings.size": "Size (width x height)",
    "findings.label.malignant": "rather malignant than benign",
    "findings.label.benign": "rather benign than malignant",
    "findings.label.mass": "benign or malignant, not told apart",
    "findings.tag": "{number}  {percent}",
    "findings.pixels": "{width} x {height} pixels",
    "findings.millimetres": "{width} x {height} mm",
    "findings.millimetres.detector": "{width} x {height} mm on the detector",
    "findings.at_pixels": "{x} right, {y} down (pixels)",
    "findings.unknown": "not given",
    # What was looked at
    "examined.heading": "What was looked at",
    "examined.file": "File",
    "examined.kind": "Kind of image",
    "examined.kind.histopathology": "Histopathology, one field of a stained section",
    "examined.kind.mammography": "Mammography, one film",
    "examined.size": "Size",
    "examined.pixels": "{width} x {height} pixels",
    "examined.pixels_mm": "{width} x {height} pixels ({width_mm} x {height_mm} mm)",
    "examined.pixels_mm.detector": "{width} x {height} pixels ({width_mm} x {height_mm} mm on the detector)",
    "examined.magnification": "Magnification",
    "examined.magnification.given": "{magnification} (given with the image)",
    "examined.magnification.assumed": "{magnification} (not given with the image; assumed)",
    "examined.magnification.corrected": "{given} given with the image; analysed as {assumed}",
    "examined.magnification.unknown": "not given",
    "examined.view": "View",
    "examined.view.CC": "CC (from above)",
    "examined.view.MLO": "MLO (oblique)",
    "examined.view.ML": "ML (mediolateral)",
    "examined.view.LM": "LM (lateromedial)",
    "examined.view.LMO": "LMO (lateromedial oblique)",
    "examined.view.SIO": "SIO (superolateral to inferomedial oblique)",
    "examined.view.ISO": "ISO (inferomedial to superolateral oblique)",
    "examined.view.FB": "FB (from below)",
    "examined.view.XCC": "XCC (exaggerated craniocaudal)",
    "examined.view.XCCL": "XCCL (craniocaudal, exaggerated laterally)",
    "examined.view.XCCM": "XCCM (craniocaudal, exaggerated medially)",
    "examined.view.AT": "AT (axillary tail)",
    "examined.view.CV": "CV (cleavage)",
    "examined.view.TAN": "TAN (tangential)",
    "examined.view.RL": "RL (rolled laterally)",
    "examined.view.RM": "RM (rolled medially)",
    "examined.view.RS": "RS (rolled superiorly)",
    "examined.view.RI": "RI (rolled inferiorly)",
    "examined.view.M": "M (magnification)",
    "examined.view.S": "S (spot compression)",
    "examined.laterality": "Side",
    "examined.laterality.L": "left",
    "examined.laterality.R": "right",
    "examined.unknown": "not given",
    "examined.patches": "Examined in",
    "examined.patches.one": "1 piece of {size} x {size} pixels",
    "examined.patches.many": "{count} pieces of {size} x {size} pixels",
    "examined.fingerprint": "Fingerprint of the file",
    # Limits
    "limits.named_file": "{name} ({file})",
    "limits.not_assessed": "{name}: {why}",
    "limits.missing_views": "Views that are not in this case: {views}.",
    "limits.priors": "Films of earlier examinations, shown to compare and no part of the conclusion: {images}.",
    "limits.case.other": "Earlier images, and images that are not in this case.",
    "limits.failed.default": "This image could not be assessed.",
    "limits.result_gone": "The stored result of this image can no longer be read, so it is not shown here.",
    "limits.heading": "What was not assessed",
    "limits.histopathology.slide": (
        "The rest of the slide and other slides of the patient: only this one image was seen."
    ),
    "limits.histopathology.type": "Tumour type, grade, stage, margins and receptor status.",
    "limits.histopathology.clinic": "Clinical data, history and imaging of the patient.",
    "limits.mammography.views": ("Other views, the other breast and earlier films: only this one image was seen."),
    "limits.mammography.signs": (
        "Signs other than masses, such as calcifications alone, distortion or asymmetry, cannot be excluded."
    ),
    "limits.mammography.size": "Sizes in millimetres: the file does not say how large a pixel is.",
    "limits.mammography.clinic": "Clinical data, history and other imaging of the patient.",
    "notices.heading": "Please note",
    # What next
    "next.heading": "Suggested next step",
    "next.histopathology.malignancy_suspected": (
        "A pathologist should read this slide with priority. Do not decide on treatment from this result alone."
    ),
    "next.histopathology.not_sure": (
        "A pathologist should decide. More fields of the same slide, another magnification or further stains may help."
    ),
    "next.histopathology.no_sign_of_malignancy": (
        "Read the slide as usual. This result does not exclude cancer, neither here nor elsewhere in the tissue."
    ),
    "next.mammography.malignancy_suspected": (
        "A radiologist should read this film with priority, compare the other view and earlier films, and decide on "
        "further views or ultrasound. Do not decide on treatment from this result alone."
    ),
    "next.mammography.malignancy_suspected.marked": (
        "A radiologist should read this film with priority, compare the other view and earlier films, and decide on "
        "further views or ultrasound. If a marked finding stays suspicious, a tissue sample (biopsy) is the usual next "
        "step. Do not decide on treatment from this result alone."
    ),
    "next.mammography.not_sure": (
        "A radiologist should read this film together with the other view and earlier films. If the doubt remains, "
        "further views or an ultrasound can settle it."
    ),
    "next.mammography.not_sure.marked": (
        "A radiologist should read this film together with the other view and earlier films. If the doubt remains, "
        "further views or an ultrasound come first, and a tissue sample (biopsy) only if a marked finding stays "
        "suspicious after that."
    ),
    "next.mammography.no_sign_of_malignancy": (
        "Read the film as usual, together with the other views. This result does not exclude cancer: masses can be "
        "hidden in dense tissue."
    ),
    "next.case.heading": "Suggested next steps",
    # The system
    "system.heading": "About the system",
    "system.model": "Model",
    "system.model.value": "{name}, version {version}",
    "system.weights": "Fingerprint of the model",
    "system.thresholds": "Thresholds",
    "system.trained_on": "Learned from",
    "system.calibration": "Probabilities",
    "system.models": "Models",
    "system.line": "Model {name} {version}",
}
