// The modalities that Lobule brings along, as a page hands them over.

export const PACKAGED = [
  {
    "name": "histopathology",
    "formats": [
      "PNG",
      "JPEG",
      "TIFF"
    ],
    "evidence": "tissue",
    "attributes": [
      "um_per_pixel",
      "magnification"
    ],
    "views": null,
    "magnifications": [
      "40X",
      "100X",
      "200X",
      "400X"
    ],
    "in_examinations": false,
    "holds": {
      "findings": [],
      "outlines": false,
      "heat_map": true
    },
    "look": {
      "colours": "colour",
      "windowed": false,
      "file_names": "^sob_|histo|biops|h&e|(?:^|[-_ ])(?:40|100|200|400)x"
    },
    "labels": {}
  },
  {
    "name": "mammography",
    "formats": [
      "PNG",
      "JPEG",
      "TIFF",
      "DICOM"
    ],
    "evidence": "film",
    "attributes": [
      "view",
      "laterality",
      "study_date"
    ],
    "views": {
      "codes": [
        "CC",
        "MLO",
        "ML",
        "LM",
        "LMO",
        "SIO",
        "ISO",
        "FB",
        "XCC",
        "XCCL",
        "XCCM",
        "AT",
        "CV",
        "TAN",
        "RL",
        "RM",
        "RS",
        "RI",
        "M",
        "S"
      ],
      "offered": [
        "CC",
        "MLO"
      ],
      "screening": [
        "CC",
        "MLO"
      ]
    },
    "magnifications": [],
    "reads_regions": true,
    "in_examinations": true,
    "holds": {
      "findings": [
        "benign",
        "malignant",
        "mass"
      ],
      "outlines": true,
      "heat_map": true
    },
    "look": {
      "colours": "grey",
      "windowed": true,
      "file_names": "(?:^|[^a-z])[lr]?[-_ ]?(?:cc|mlo)(?:[^a-z]|$)|mammo|^mdb\\d"
    },
    "labels": {
      "benign": "benign",
      "malignant": "malignant",
      "mass": "mass"
    }
  }
];
