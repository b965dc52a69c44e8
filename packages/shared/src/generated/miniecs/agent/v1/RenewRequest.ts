// Original file: proto/agent.proto


export interface RenewRequest {
  'certificate'?: (Buffer | Uint8Array | string);
  'publicKey'?: (Buffer | Uint8Array | string);
  'proof'?: (Buffer | Uint8Array | string);
  'consent'?: (Buffer | Uint8Array | string);
}

export interface RenewRequest__Output {
  'certificate': (Buffer);
  'publicKey': (Buffer);
  'proof': (Buffer);
  'consent': (Buffer);
}
