// Original file: proto/agent.proto


export interface Resync {
  'reason'?: (string);
}

export interface Resync__Output {
  'reason': (string);
}
