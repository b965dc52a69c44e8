// Original file: proto/agent.proto


export interface Assignment {
  'taskId'?: (string);
  'desiredStatus'?: (string);
  'spec'?: (Buffer | Uint8Array | string);
}

export interface Assignment__Output {
  'taskId': (string);
  'desiredStatus': (string);
  'spec': (Buffer);
}
