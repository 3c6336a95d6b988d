// Log lines on their way to the log: a ring of bytes in shared memory, so that neither a slow disk
// nor the end of the process is in the way of a line.
//
// The file consists of a header and kRingCapacity bytes of whole lines. Positions count bytes since
// the ring was made and never wrap; a line lies at its position modulo the capacity.
//
//   written <= published <= end        published - written is what waits
//
// One thread appends and publishes, another one writes what is published to the log. Lines beyond
// `published` belong to a request that is not finished: the slot says up to which of them they
// count (WorkerWords::log_position), which its next holder publishes after a kill.
#pragma once

#include <array>
#include <atomic>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <string>
#include <string_view>

#include "appcore/result.hpp"
#include "appcore/system/file_descriptor.hpp"

namespace appcore::log {

using Position = std::uint64_t;

// 3,000 lines: what a worker says at full load while the disk is away for a fifth of a second, or
// in a quiet hour. All of it becomes resident, so more would be at the cost of a worker's 8 MiB.
inline constexpr std::size_t kRingCapacity = 1U << 20U;

inline constexpr std::uint64_t kRingMagic = 0x0a474e4952505041;  // "APPRING\n" in the file
inline constexpr std::uint64_t kRingFormat = 1;

// Where a batch of lines is being written to, before it is: so that after a kill the next writer
// can look which of them have arrived.
struct FileMark {
    std::uint64_t device;
    std::uint64_t inode;
    std::uint64_t size;
    friend bool operator==(const FileMark&, const FileMark&) = default;
};

// The padding keeps what one thread writes off the cache lines of the other.
struct RingHeader {  // NOLINT(clang-analyzer-optin.performance.Padding)
    std::uint64_t magic;
    std::uint64_t format;
    std::uint64_t capacity;
    std::uint64_t identity;  // of this ring, no other has it
    std::uint64_t check;     // of the four before
    alignas(64) Position published;
    alignas(64) Position written;
    Position batch_end;  // of the batch that begins at `written`; 0: none is being written
    FileMark batch_mark;
    std::uint64_t batch_check;  // of the mark
};
inline constexpr std::size_t kRingHeaderSize = 4096;  // a page
static_assert(sizeof(RingHeader) <= kRingHeaderSize);

class Ring {
  public:
    // In the memory of this process alone, for want of a file.
    static Result<std::shared_ptr<Ring>> make_anonymous();

    // Maps an open file: a new one, which becomes an empty ring, or one that is there. Fails if
    // that is not an intact ring.
    static Result<std::shared_ptr<Ring>> make(const system::FileDescriptor& file,
                                              std::uint64_t identity);
    static Result<std::shared_ptr<Ring>> open(const system::FileDescriptor& file);

    Ring(const Ring&) = delete;
    Ring& operator=(const Ring&) = delete;
    ~Ring();

    [[nodiscard]] std::uint64_t identity() const { return header_->identity; }
    // What lives as long as the ring: the lock that keeps others away from it.
    void keep(std::shared_ptr<const void> lock) { keep_ = std::move(lock); }

    // --- the thread that appends
    // Appends a whole line, newline included, behind what is there; false if it finds no room. No
    // system call.
    bool append(std::string_view line);
    // The end of what was appended.
    [[nodiscard]] Position end() const { return end_; }
    // Gives everything that was appended to the writer, ...
    void publish();
    // ... or forgets what has not been published.
    void take_back() { end_ = published(); }
    // Nothing more will be appended.
    void close() { is_closed_.store(true, std::memory_order_release); }

    // --- the holder of a ring that another process has left
    // Publishes what that process had appended up to `position`, if that is plausible.
    void publish_up_to(Position position);

    // --- the thread that writes
    [[nodiscard]] Position published() const;
    [[nodiscard]] Position written() const;
    [[nodiscard]] bool is_closed() const { return is_closed_.load(std::memory_order_acquire); }
    [[nodiscard]] bool is_empty() const { return written() == published(); }
    // The bytes between two positions, in two pieces where they wrap.
    using Pieces = std::array<std::string_view, 2>;
    [[nodiscard]] Pieces bytes(Position begin, Position end) const;
    // The end of the longest run of whole lines from written() on that has `size` bytes at most, or
    // of the first line if that is longer.
    [[nodiscard]] Position batch_end(std::size_t size) const;
    // Notes that the lines up to `end` are about to be written where `mark` says, and that those up
    // to `end` have been.
    void begin_batch(Position end, const FileMark& mark);
    void finish_batch(Position end);
    // The batch in which a predecessor died: its end, or 0; and its mark.
    [[nodiscard]] Position left_batch() const;
    [[nodiscard]] FileMark left_mark() const { return header_->batch_mark; }

  private:
    explicit Ring(void* memory);
    [[nodiscard]] Status check() const;
    [[nodiscard]] Position line_end(Position begin, Position end) const;

    RingHeader* header_;
    char* bytes_;
    Position end_ = 0;
    std::shared_ptr<const void> keep_;
    std::atomic<bool> is_closed_{false};
};

}  // namespace appcore::log
