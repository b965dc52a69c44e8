// Original file: proto/agent.proto


export interface NetworkBinding {
  'bindIp'?: (string);
  'containerPort'?: (number);
  'hostPort'?: (number);
  'protocol'?: (string);
}

export interface NetworkBinding__Output {
  'bindIp': (string);
  'containerPort': (number);
  'hostPort': (number);
  'protocol': (string);
}
