// Original file: proto/agent.proto


export interface EnrollRequest {
  'cluster'?: (string);
  'instanceId'?: (string);
  'tokenId'?: (string);
  'tokenSecret'?: (string);
  'publicKey'?: (Buffer | Uint8Array | string);
  'proof'?: (Buffer | Uint8Array | string);
}

export interface EnrollRequest__Output {
  'cluster': (string);
  'instanceId': (string);
  'tokenId': (string);
  'tokenSecret': (string);
  'publicKey': (Buffer);
  'proof': (Buffer);
}
