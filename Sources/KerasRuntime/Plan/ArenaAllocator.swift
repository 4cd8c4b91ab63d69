/// Places blocks in one stretch of memory as a plan is laid out, step by step: first fit, 64-byte aligned.
struct ArenaAllocator {
    private var free: [(offset: Int, size: Int)] = []
    /// Bytes the arena must have.
    private(set) var size = 0

    static func padded(_ bytes: Int) -> Int { max((bytes + 63) & ~63, 64) }

    mutating func allocate(_ bytes: Int) -> Int {
        let wanted = ArenaAllocator.padded(bytes)
        if let index = free.firstIndex(where: { $0.size >= wanted }) {
            let offset = free[index].offset
            free[index].offset += wanted
            free[index].size -= wanted
            if free[index].size == 0 { free.remove(at: index) }
            return offset
        }
        // What is free at the very end grows instead of being left behind.
        if let last = free.last, last.offset + last.size == size {
            free.removeLast()
            size = last.offset + wanted
            return last.offset
        }
        defer { size += wanted }
        return size
    }

    mutating func release(_ offset: Int, _ bytes: Int) {
        let size = ArenaAllocator.padded(bytes)
        let index = free.firstIndex { $0.offset > offset } ?? free.count
        free.insert((offset, size), at: index)
        if index + 1 < free.count, offset + size == free[index + 1].offset {
            free[index].size += free[index + 1].size
            free.remove(at: index + 1)
        }
        if index > 0, free[index - 1].offset + free[index - 1].size == offset {
            free[index - 1].size += free[index].size
            free.remove(at: index)
        }
    }
}
