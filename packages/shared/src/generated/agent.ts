import type * as grpc from '@grpc/grpc-js';
import type { MessageTypeDefinition } from '@grpc/proto-loader';

import type { AgentGatewayClient as _miniecs_agent_v1_AgentGatewayClient, AgentGatewayDefinition as _miniecs_agent_v1_AgentGatewayDefinition } from './miniecs/agent/v1/AgentGateway.ts';
import type { AgentMessage as _miniecs_agent_v1_AgentMessage, AgentMessage__Output as _miniecs_agent_v1_AgentMessage__Output } from './miniecs/agent/v1/AgentMessage.ts';
import type { Assignment as _miniecs_agent_v1_Assignment, Assignment__Output as _miniecs_agent_v1_Assignment__Output } from './miniecs/agent/v1/Assignment.ts';
import type { AssignmentIncrement as _miniecs_agent_v1_AssignmentIncrement, AssignmentIncrement__Output as _miniecs_agent_v1_AssignmentIncrement__Output } from './miniecs/agent/v1/AssignmentIncrement.ts';
import type { Attribute as _miniecs_agent_v1_Attribute, Attribute__Output as _miniecs_agent_v1_Attribute__Output } from './miniecs/agent/v1/Attribute.ts';
import type { ContainerStatus as _miniecs_agent_v1_ContainerStatus, ContainerStatus__Output as _miniecs_agent_v1_ContainerStatus__Output } from './miniecs/agent/v1/ContainerStatus.ts';
import type { ControllerMessage as _miniecs_agent_v1_ControllerMessage, ControllerMessage__Output as _miniecs_agent_v1_ControllerMessage__Output } from './miniecs/agent/v1/ControllerMessage.ts';
import type { EnrollRequest as _miniecs_agent_v1_EnrollRequest, EnrollRequest__Output as _miniecs_agent_v1_EnrollRequest__Output } from './miniecs/agent/v1/EnrollRequest.ts';
import type { Farewell as _miniecs_agent_v1_Farewell, Farewell__Output as _miniecs_agent_v1_Farewell__Output } from './miniecs/agent/v1/Farewell.ts';
import type { FullAssignments as _miniecs_agent_v1_FullAssignments, FullAssignments__Output as _miniecs_agent_v1_FullAssignments__Output } from './miniecs/agent/v1/FullAssignments.ts';
import type { Heartbeat as _miniecs_agent_v1_Heartbeat, Heartbeat__Output as _miniecs_agent_v1_Heartbeat__Output } from './miniecs/agent/v1/Heartbeat.ts';
import type { HeartbeatAck as _miniecs_agent_v1_HeartbeatAck, HeartbeatAck__Output as _miniecs_agent_v1_HeartbeatAck__Output } from './miniecs/agent/v1/HeartbeatAck.ts';
import type { Hello as _miniecs_agent_v1_Hello, Hello__Output as _miniecs_agent_v1_Hello__Output } from './miniecs/agent/v1/Hello.ts';
import type { IssuedCertificate as _miniecs_agent_v1_IssuedCertificate, IssuedCertificate__Output as _miniecs_agent_v1_IssuedCertificate__Output } from './miniecs/agent/v1/IssuedCertificate.ts';
import type { LogCancel as _miniecs_agent_v1_LogCancel, LogCancel__Output as _miniecs_agent_v1_LogCancel__Output } from './miniecs/agent/v1/LogCancel.ts';
import type { LogChunk as _miniecs_agent_v1_LogChunk, LogChunk__Output as _miniecs_agent_v1_LogChunk__Output } from './miniecs/agent/v1/LogChunk.ts';
import type { LogRequest as _miniecs_agent_v1_LogRequest, LogRequest__Output as _miniecs_agent_v1_LogRequest__Output } from './miniecs/agent/v1/LogRequest.ts';
import type { NetworkBinding as _miniecs_agent_v1_NetworkBinding, NetworkBinding__Output as _miniecs_agent_v1_NetworkBinding__Output } from './miniecs/agent/v1/NetworkBinding.ts';
import type { Refusal as _miniecs_agent_v1_Refusal, Refusal__Output as _miniecs_agent_v1_Refusal__Output } from './miniecs/agent/v1/Refusal.ts';
import type { RenewRequest as _miniecs_agent_v1_RenewRequest, RenewRequest__Output as _miniecs_agent_v1_RenewRequest__Output } from './miniecs/agent/v1/RenewRequest.ts';
import type { Resources as _miniecs_agent_v1_Resources, Resources__Output as _miniecs_agent_v1_Resources__Output } from './miniecs/agent/v1/Resources.ts';
import type { Resync as _miniecs_agent_v1_Resync, Resync__Output as _miniecs_agent_v1_Resync__Output } from './miniecs/agent/v1/Resync.ts';
import type { StatusAck as _miniecs_agent_v1_StatusAck, StatusAck__Output as _miniecs_agent_v1_StatusAck__Output } from './miniecs/agent/v1/StatusAck.ts';
import type { StatusReport as _miniecs_agent_v1_StatusReport, StatusReport__Output as _miniecs_agent_v1_StatusReport__Output } from './miniecs/agent/v1/StatusReport.ts';
import type { TaskStatus as _miniecs_agent_v1_TaskStatus, TaskStatus__Output as _miniecs_agent_v1_TaskStatus__Output } from './miniecs/agent/v1/TaskStatus.ts';
import type { Welcome as _miniecs_agent_v1_Welcome, Welcome__Output as _miniecs_agent_v1_Welcome__Output } from './miniecs/agent/v1/Welcome.ts';

type SubtypeConstructor<Constructor extends new (...args: any) => any, Subtype> = {
  new(...args: ConstructorParameters<Constructor>): Subtype;
};

export interface ProtoGrpcType {
  miniecs: {
    agent: {
      v1: {
        AgentGateway: SubtypeConstructor<typeof grpc.Client, _miniecs_agent_v1_AgentGatewayClient> & { service: _miniecs_agent_v1_AgentGatewayDefinition }
        AgentMessage: MessageTypeDefinition<_miniecs_agent_v1_AgentMessage, _miniecs_agent_v1_AgentMessage__Output>
        Assignment: MessageTypeDefinition<_miniecs_agent_v1_Assignment, _miniecs_agent_v1_Assignment__Output>
        AssignmentIncrement: MessageTypeDefinition<_miniecs_agent_v1_AssignmentIncrement, _miniecs_agent_v1_AssignmentIncrement__Output>
        Attribute: MessageTypeDefinition<_miniecs_agent_v1_Attribute, _miniecs_agent_v1_Attribute__Output>
        ContainerStatus: MessageTypeDefinition<_miniecs_agent_v1_ContainerStatus, _miniecs_agent_v1_ContainerStatus__Output>
        ControllerMessage: MessageTypeDefinition<_miniecs_agent_v1_ControllerMessage, _miniecs_agent_v1_ControllerMessage__Output>
        EnrollRequest: MessageTypeDefinition<_miniecs_agent_v1_EnrollRequest, _miniecs_agent_v1_EnrollRequest__Output>
        Farewell: MessageTypeDefinition<_miniecs_agent_v1_Farewell, _miniecs_agent_v1_Farewell__Output>
        FullAssignments: MessageTypeDefinition<_miniecs_agent_v1_FullAssignments, _miniecs_agent_v1_FullAssignments__Output>
        Heartbeat: MessageTypeDefinition<_miniecs_agent_v1_Heartbeat, _miniecs_agent_v1_Heartbeat__Output>
        HeartbeatAck: MessageTypeDefinition<_miniecs_agent_v1_HeartbeatAck, _miniecs_agent_v1_HeartbeatAck__Output>
        Hello: MessageTypeDefinition<_miniecs_agent_v1_Hello, _miniecs_agent_v1_Hello__Output>
        IssuedCertificate: MessageTypeDefinition<_miniecs_agent_v1_IssuedCertificate, _miniecs_agent_v1_IssuedCertificate__Output>
        LogCancel: MessageTypeDefinition<_miniecs_agent_v1_LogCancel, _miniecs_agent_v1_LogCancel__Output>
        LogChunk: MessageTypeDefinition<_miniecs_agent_v1_LogChunk, _miniecs_agent_v1_LogChunk__Output>
        LogRequest: MessageTypeDefinition<_miniecs_agent_v1_LogRequest, _miniecs_agent_v1_LogRequest__Output>
        NetworkBinding: MessageTypeDefinition<_miniecs_agent_v1_NetworkBinding, _miniecs_agent_v1_NetworkBinding__Output>
        Refusal: MessageTypeDefinition<_miniecs_agent_v1_Refusal, _miniecs_agent_v1_Refusal__Output>
        RenewRequest: MessageTypeDefinition<_miniecs_agent_v1_RenewRequest, _miniecs_agent_v1_RenewRequest__Output>
        Resources: MessageTypeDefinition<_miniecs_agent_v1_Resources, _miniecs_agent_v1_Resources__Output>
        Resync: MessageTypeDefinition<_miniecs_agent_v1_Resync, _miniecs_agent_v1_Resync__Output>
        StatusAck: MessageTypeDefinition<_miniecs_agent_v1_StatusAck, _miniecs_agent_v1_StatusAck__Output>
        StatusReport: MessageTypeDefinition<_miniecs_agent_v1_StatusReport, _miniecs_agent_v1_StatusReport__Output>
        TaskStatus: MessageTypeDefinition<_miniecs_agent_v1_TaskStatus, _miniecs_agent_v1_TaskStatus__Output>
        Welcome: MessageTypeDefinition<_miniecs_agent_v1_Welcome, _miniecs_agent_v1_Welcome__Output>
      }
    }
  }
}

