// The room's first file is being written.
