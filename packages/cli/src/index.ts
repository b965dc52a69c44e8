export { main } from './program.ts';
export { LabCluster, type LabClusterOptions } from './quickstart/lab-cluster.ts';
export { ManagedProcess } from './quickstart/managed-process.ts';
export { exportLine, type ClientSettings } from './client-settings.ts';
