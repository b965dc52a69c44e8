// Original file: proto/agent.proto


export interface LogChunk {
  'requestId'?: (string);
  'data'?: (Buffer | Uint8Array | string);
  'end'?: (boolean);
  'error'?: (string);
}

export interface LogChunk__Output {
  'requestId': (string);
  'data': (Buffer);
  'end': (boolean);
  'error': (string);
}
