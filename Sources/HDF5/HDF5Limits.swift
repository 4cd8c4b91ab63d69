/// What the format and Keras's use of it fix. What a file may ask of us is in ``Budgets``.
package enum HDF5Limits {
    /// Times that deflate can shrink anything: 258 bytes in two bits.
    package static let inflateRatio = 1032
    /// Attributes that one list of names may be spread over, `layer_names0`, `layer_names1`, …
    package static let nameChunks = 1 << 16
    /// Bytes of one attribute that Keras writes, below the 64 KiB that a message of an object header can hold. Keras: `HDF5_OBJECT_HEADER_LIMIT`.
    package static let attributeValueBytes = 64512
}
