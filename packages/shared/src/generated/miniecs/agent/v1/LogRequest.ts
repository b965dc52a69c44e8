// Original file: proto/agent.proto


export interface LogRequest {
  'requestId'?: (string);
  'taskId'?: (string);
  'container'?: (string);
  'follow'?: (boolean);
  'tail'?: (number);
}

export interface LogRequest__Output {
  'requestId': (string);
  'taskId': (string);
  'container': (string);
  'follow': (boolean);
  'tail': (number);
}
