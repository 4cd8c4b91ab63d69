// One import is enough: what a model is made of, and the data it takes.
@_exported import JSON
@_exported import KerasModel
@_exported import struct KerasRuntime.Batch
@_exported import protocol KerasRuntime.BatchSequence
@_exported import struct KerasRuntime.RuntimeOptions
@_exported import NumPy
@_exported import Tensors
