/// Every operation that models may call, by family: a new one is an entry in its family's list.
let knownOperations: [Operation] =
    functionsOfOne + functionsOfTwo + logicalOperations + reductions + normalizingOperations + shapeOperations + joiningOperations
    + selectingOperations + sortingOperations + matrixOperations + imageOperations
