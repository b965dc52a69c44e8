// Original file: proto/agent.proto


export interface LogCancel {
  'requestId'?: (string);
}

export interface LogCancel__Output {
  'requestId': (string);
}
