/**
 * Docker's multiplexed log: frames of an 8-byte header (stream, 0, 0, 0, length as uint32) and the payload.
 * Frames may be cut anywhere by the transport. A container with a terminal has no frames.
 */
const headerLength = 8;

export async function* logPayloads(frames: AsyncIterable<Uint8Array>): AsyncIterable<Uint8Array> {
  let rest = Buffer.alloc(0);
  for await (const chunk of frames) {
    rest = rest.length === 0 ? Buffer.from(chunk) : Buffer.concat([rest, chunk]);
    while (rest.length >= headerLength) {
      const end = headerLength + rest.readUInt32BE(4);
      if (rest.length < end) break;
      if (end > headerLength) yield rest.subarray(headerLength, end);
      rest = rest.subarray(end);
    }
  }
}
