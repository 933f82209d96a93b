// What dcmjs and Cornerstone's adapters read of reports and segmentations: bench/dicom_readers.py compares it.
// node bench/dicom_readers.js FOLDER: prints, for each file of the folder, regions, annotations or masks.
import { readFileSync, readdirSync } from 'node:fs';
import { join } from 'node:path';

import { adaptersSR } from '@cornerstonejs/adapters';
import { metaData } from '@cornerstonejs/core';
import dcmjs from 'dcmjs';

dcmjs.log.setLevel('error');
const { DicomMessage, DicomMetaDictionary, BitArray } = dcmjs.data;
const PIXELS = { rowCosines: [1, 0, 0], columnCosines: [0, 1, 0], imagePositionPatient: [0, 0, 0] };
metaData.addProvider((type) =>
  type === 'imagePlaneModule'
    ? { ...PIXELS, rowPixelSpacing: 1, columnPixelSpacing: 1, usingDefaultValues: true, frameOfReferenceUID: '1.2' }
    : undefined,
);

const list = (value) => (value === undefined ? [] : [value].flat());
const named = (items, code) => list(items).filter((item) => list(item.ConceptNameCodeSequence)[0]?.CodeValue === code);

/** The measurement groups of a report. */
function groups(report) {
  return named(report.ContentSequence, '126010').flatMap((all) => named(all.ContentSequence, '125007'));
}

/** The corners of each region, as dcmjs has them, by tracking UID. */
function regions(report) {
  return groups(report).map((group) => ({
    uid: named(group.ContentSequence, '112040')[0].UID,
    image: list(list(named(group.ContentSequence, '111030')[0].ContentSequence)[0].ReferencedSOPSequence)[0]
      .ReferencedSOPInstanceUID,
    points: named(group.ContentSequence, '111030')[0].GraphicData,
  }));
}

/** The annotations that Cornerstone would draw. Its world begins at the centre of the first pixel, half a pixel in. */
function annotations(report) {
  const images = {};
  for (const { image } of regions(report)) images[`${image}:1`] = `film:${image}`;
  const made = adaptersSR.Cornerstone3D.MeasurementReport.generateToolState(report, images, metaData);
  return Object.entries(made).flatMap(([tool, found]) =>
    found.map(({ annotation, TrackingUniqueIdentifier, finding }) => ({
      tool,
      uid: TrackingUniqueIdentifier,
      image: annotation.metadata.referencedImageId.slice('film:'.length),
      points: annotation.data.handles.points.map(([x, y]) => [x + 0.5, y + 0.5]),
      finding: finding?.CodeMeaning ?? null,
    })),
  );
}

/** The pixels of each segment, as the places that are set. */
function masks(segmentation) {
  const bits = BitArray.unpack(new Uint8Array(list(segmentation.PixelData)[0]));
  const size = segmentation.Rows * segmentation.Columns;
  const frames = list(segmentation.PerFrameFunctionalGroupsSequence);
  return frames.map((frame, place) => {
    const shared = list(segmentation.SharedFunctionalGroupsSequence)[0];
    const [identity] = list(frame.SegmentIdentificationSequence ?? shared.SegmentIdentificationSequence);
    const number = identity.ReferencedSegmentNumber;
    const segment = list(segmentation.SegmentSequence).find((each) => each.SegmentNumber === number);
    const pixels = [];
    for (let n = 0; n < size; n += 1) if (bits[place * size + n]) pixels.push(n);
    return { uid: segment.TrackingUID, pixels };
  });
}

const said = {};
for (const file of readdirSync(process.argv[2]).filter((name) => name.endsWith('.dcm'))) {
  const bytes = readFileSync(join(process.argv[2], file));
  const { dict } = DicomMessage.readFile(bytes.buffer.slice(bytes.byteOffset, bytes.byteOffset + bytes.length));
  const dataset = DicomMetaDictionary.naturalizeDataset(dict);
  if (dataset.Modality === 'SEG') said[file] = { masks: masks(dataset) };
  else if (groups(dataset).length) said[file] = { regions: regions(dataset), annotations: annotations(dataset) };
  else said[file] = { modality: dataset.Modality };
}
process.stdout.write(JSON.stringify(said), () => process.exit());
