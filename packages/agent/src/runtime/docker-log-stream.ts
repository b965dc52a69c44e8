/**
 * Docker's multiplexed log: frames of an 8-byte header (stream, 0, 0, 0, length as uint32) and the payload, one a
 * line as a rule. Frames may be cut anywhere by the transport. A container with a terminal has no frames.
 */
const headerLength = 8;

/** The payloads; those that arrive together are one. */
export async function* logPayloads(frames: AsyncIterable<Uint8Array>): AsyncIterable<Uint8Array> {
  let rest = Buffer.alloc(0);
  for await (const chunk of frames) {
    rest = rest.length === 0 ? Buffer.from(chunk) : Buffer.concat([rest, chunk]);
    const payloads: Buffer[] = [];
    while (rest.length >= headerLength) {
      const end = headerLength + rest.readUInt32BE(4);
      if (rest.length < end) break;
      payloads.push(rest.subarray(headerLength, end));
      rest = rest.subarray(end);
    }
    if (payloads.length > 0) yield Buffer.concat(payloads);
  }
}
