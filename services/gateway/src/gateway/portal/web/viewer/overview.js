// The overview of a film as the API sends it: the length of a document, the document, samples of 16 bits. Pure.

/** @param {ArrayBuffer} buffer @returns {{samples: Uint16Array, width: number, height: number, facts: import('../core/types.d.ts').PictureFacts}} */
export function unpacked(buffer) {
  const head = new DataView(buffer).getUint32(0, true);
  const { facts, width, height } = JSON.parse(new TextDecoder().decode(new Uint8Array(buffer, 4, head)));
  return { samples: new Uint16Array(buffer.slice(4 + head)), width, height, facts };
}
