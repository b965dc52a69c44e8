// Original file: proto/agent.proto


export interface Resources {
  'cpu'?: (number);
  'memory'?: (number);
  'reservedPorts'?: (string)[];
}

export interface Resources__Output {
  'cpu': (number);
  'memory': (number);
  'reservedPorts': (string)[];
}
