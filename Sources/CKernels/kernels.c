// The kernels are being written.
