export * from './abi/index.js';
export * from './deployment.js';
export * from './typedData.js';
