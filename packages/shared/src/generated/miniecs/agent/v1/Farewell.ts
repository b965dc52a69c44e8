// Original file: proto/agent.proto


export interface Farewell {
}

export interface Farewell__Output {
}
