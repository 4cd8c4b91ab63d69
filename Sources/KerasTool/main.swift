// The command `keras`. What it prints and how it ends is a contract that scripts rely on: docs/ARCHITECTURE.md.

endWhenMappedFileShrinks()
do {
    var command = try KerasCommand.parseAsRoot()
    try command.run()
    try Terminal.flush()
} catch {
    finish(after: error)
}
