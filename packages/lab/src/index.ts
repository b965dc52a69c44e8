export { importImage, removeContainers, removeImage } from './engine-api.ts';
export { busyboxRootfs, sampleImage, staticBusybox } from './image.ts';
export { clusterPrograms, installMissing, type Program } from './install-missing.ts';
export { createLab, defaultBaseFolder, labIsPossible, prepareLab, type Lab, type LabOptions } from './lab.ts';
export type { LabHost } from './lab-host.ts';
