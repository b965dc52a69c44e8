// Original file: proto/agent.proto


export interface Attribute {
  'name'?: (string);
  'value'?: (string);
  '_value'?: "value";
}

export interface Attribute__Output {
  'name': (string);
  'value'?: (string);
  '_value'?: "value";
}
