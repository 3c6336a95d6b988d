#include "appcore/log/ring.hpp"

#include <fcntl.h>
#include <sys/mman.h>
#include <sys/stat.h>

#include <algorithm>
#include <cerrno>
#include <cstring>

#include "appcore/system/digest.hpp"

namespace appcore::log {
namespace {

constexpr std::size_t kRingSize = kRingHeaderSize + kRingCapacity;

std::atomic_ref<Position> shared(Position& word) {
    return std::atomic_ref<Position>(word);
}

std::uint64_t check_of(const void* bytes, std::size_t size) {
    return system::fnv1a({static_cast<const char*>(bytes), size});
}

std::uint64_t check_of(const RingHeader& header) {
    return check_of(&header, offsetof(RingHeader, check));
}

Result<void*> map(int fd, int flags) {
    void* const memory = ::mmap(nullptr, kRingSize, PROT_READ | PROT_WRITE, flags, fd, 0);
    if (memory == MAP_FAILED) return errno_error("mmap of the log's ring");  // NOLINT: a macro
    return memory;
}

void make_empty(void* memory, std::uint64_t identity) {
    auto& header = *static_cast<RingHeader*>(memory);
    header = RingHeader{};
    header.magic = kRingMagic;
    header.format = kRingFormat;
    header.capacity = kRingCapacity;
    header.identity = identity;
    header.check = check_of(header);
}

}  // namespace

Ring::Ring(void* memory)
    : header_(static_cast<RingHeader*>(memory)),
      bytes_(static_cast<char*>(memory) + kRingHeaderSize),
      end_(header_->published) {}

Ring::~Ring() {
    ::munmap(header_, kRingSize);
}

Result<std::shared_ptr<Ring>> Ring::make_anonymous() {
    const Result<void*> memory = map(-1, MAP_PRIVATE | MAP_ANONYMOUS);
    if (!memory) return memory.error();
    make_empty(memory.value(), 0);
    return std::shared_ptr<Ring>(new Ring(memory.value()));
}

Result<std::shared_ptr<Ring>> Ring::make(const system::FileDescriptor& file,
                                         std::uint64_t identity) {
    // A hole would have to be filled when it is written to, and a full file system answers that
    // with SIGBUS.
    if (const int error = ::posix_fallocate(file.get(), 0, kRingSize); error != 0) {
        errno = error;
        return errno_error("the log's ring");
    }
    const Result<void*> memory = map(file.get(), MAP_SHARED);
    if (!memory) return memory.error();
    make_empty(memory.value(), identity);
    return std::shared_ptr<Ring>(new Ring(memory.value()));
}

Result<std::shared_ptr<Ring>> Ring::open(const system::FileDescriptor& file) {
    struct stat status = {};
    if (::fstat(file.get(), &status) != 0) return errno_error("the log's ring");
    if (!S_ISREG(status.st_mode) || status.st_size != static_cast<off_t>(kRingSize)) {
        return Error{"not a ring: its size is " + std::to_string(status.st_size)};
    }
    // Blocks may be missing though the size is right, as in a copy that skips zeros.
    if (const int error = ::posix_fallocate(file.get(), 0, kRingSize); error != 0) {
        errno = error;
        return errno_error("the log's ring");
    }
    const Result<void*> memory = map(file.get(), MAP_SHARED);
    if (!memory) return memory.error();
    std::shared_ptr<Ring> ring(new Ring(memory.value()));
    if (Status intact = ring->check(); !intact) return intact.error();
    return ring;
}

Status Ring::check() const {
    if (header_->magic != kRingMagic) return Error{"not a ring"};
    if (header_->format != kRingFormat) {
        return Error{"its format " + std::to_string(header_->format) + " is unknown"};
    }
    if (header_->capacity != kRingCapacity || header_->check != check_of(*header_)) {
        return Error{"its header is damaged"};
    }
    const Position written = header_->written;
    const Position published = header_->published;
    if (published < written || published - written > kRingCapacity) {
        return Error{"its positions are impossible"};
    }
    if (published > 0 && bytes_[(published - 1) % kRingCapacity] != '\n') {
        return Error{"it does not end with a line"};
    }
    return Done{};
}

bool Ring::append(std::string_view line) {
    if (line.size() > kRingCapacity - (end_ - written())) return false;
    const std::size_t at = end_ % kRingCapacity;
    const std::size_t before_wrap = std::min(line.size(), kRingCapacity - at);
    std::memcpy(bytes_ + at, line.data(), before_wrap);
    std::memcpy(bytes_, line.data() + before_wrap, line.size() - before_wrap);
    end_ += line.size();
    return true;
}

// A release of the lines; and before the look whether the writer sleeps (writer.cpp), hence in one
// order with that. Room is only used after written() has said so, whose acquire follows the
// writer's last read of what was there.
void Ring::publish() {
    shared(header_->published).store(end_, std::memory_order_seq_cst);
}

void Ring::publish_up_to(Position position) {
    const Position published = header_->published;
    if (position <= published || position - header_->written > kRingCapacity) return;
    if (bytes_[(position - 1) % kRingCapacity] != '\n') return;
    end_ = position;
    publish();
}

Position Ring::published() const {
    return shared(header_->published).load(std::memory_order_seq_cst);
}

Position Ring::written() const {
    return shared(header_->written).load(std::memory_order_acquire);
}

Ring::Pieces Ring::bytes(Position begin, Position end) const {
    const std::size_t at = begin % kRingCapacity;
    const std::size_t size = end - begin;
    const std::size_t before_wrap = std::min(size, kRingCapacity - at);
    return {std::string_view{bytes_ + at, before_wrap},
            std::string_view{bytes_, size - before_wrap}};
}

Position Ring::batch_end(std::size_t size) const {
    const Position begin = written();
    const Position end = published();
    if (end - begin <= size) return end;
    const auto [first, second] = bytes(begin, begin + size);
    if (const auto newline = second.rfind('\n'); newline != std::string_view::npos) {
        return begin + first.size() + newline + 1;
    }
    const auto newline = first.rfind('\n');
    return newline == std::string_view::npos ? line_end(begin, end) : begin + newline + 1;
}

Position Ring::line_end(Position begin, Position end) const {
    const auto [first, second] = bytes(begin, end);
    const auto newline = first.find('\n');
    if (newline != std::string_view::npos) return begin + newline + 1;
    const auto behind = second.find('\n');
    return behind == std::string_view::npos ? end : begin + first.size() + behind + 1;
}

// The mark is for a successor after a kill, who has what this process stored in the order of the
// program. That is the compiler's to keep: the end of the batch is a release behind the mark, and
// a system call lies between the end of one batch and the mark of the next.
void Ring::begin_batch(Position end, const FileMark& mark) {
    header_->batch_mark = mark;
    header_->batch_check = check_of(&mark, sizeof mark);
    shared(header_->batch_end).store(end, std::memory_order_release);
}

void Ring::finish_batch(Position end) {
    shared(header_->written).store(end, std::memory_order_release);
    shared(header_->batch_end).store(0, std::memory_order_release);
}

Position Ring::left_batch() const {
    const Position end = header_->batch_end;
    const bool is_whole = header_->batch_check == check_of(&header_->batch_mark, sizeof(FileMark));
    return is_whole && end > header_->written && end <= header_->published ? end : 0;
}

}  // namespace appcore::log
