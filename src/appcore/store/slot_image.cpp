#include "appcore/store/slot_image.hpp"

#include <fcntl.h>
#include <sys/stat.h>

#include <atomic>
#include <cstring>
#include <optional>
#include <string_view>
#include <utility>

#include "appcore/store/journal.hpp"
#include "appcore/system/file_descriptor.hpp"

namespace appcore::store {
namespace {

constexpr std::size_t kMaxWords = 131'072;  // 1 MiB, so that no foreign file fills the memory
// A copy takes microseconds and a worker writes every 20 at most, so a few tries are enough.
constexpr int kMaxTries = 100;

template <typename Part>
Part part_of(const std::vector<Word>& words, std::size_t index) {
    Part part{};
    std::memcpy(&part, &words[index], sizeof part);
    return part;
}

std::string_view description_of(const std::vector<Word>& words, const SlotHeader& header) {
    if (header.description_word > words.size()) return {};
    const std::size_t room = (words.size() - header.description_word) * sizeof(Word);
    if (header.description_bytes > room) return {};
    const auto* const bytes = reinterpret_cast<const char*>(words.data());  // NOLINT: a text
    return {bytes + header.description_word * sizeof(Word), header.description_bytes};
}

// Most slots are of this build, whose hash is known.
Word hash_of(std::string_view description) {
    const bool is_ours = description == kSlotDescription.text();
    return is_ours ? kSlotLayoutHash : layout_hash(description);
}

Result<std::shared_ptr<const LayoutMap>> layout_of(std::string_view description, Word words) {
    const auto parse = [](std::string_view text,
                          Word size) -> Result<std::shared_ptr<const LayoutMap>> {
        Result<LayoutMap> map = parse_layout(text, size);
        if (!map) return map.error();
        return std::make_shared<const LayoutMap>(std::move(map).value());
    };
    static const auto kCurrent = parse(kSlotDescription.text(), kSlotWords);
    if (description == kSlotDescription.text() && words == kSlotWords) return kCurrent;
    return parse(description, words);
}

// A file that others write to by a mapping. read(2) is outside C++; the kernel copies words whole,
// and an acquire fence is an instruction where the processor needs one, for its loads too.
struct FileWords {
    int fd;

    [[nodiscard]] bool read(void* target, std::size_t size, std::size_t offset) const {
        return ::pread(fd, target, size, static_cast<off_t>(offset)) == static_cast<ssize_t>(size);
    }
    static void fence() { std::atomic_thread_fence(std::memory_order_acquire); }
};

}  // namespace

SlotHeader SlotImage::header() const {
    return part_of<SlotHeader>(words, 0);
}

bool SlotImage::has_current_layout() const {
    return header().layout_hash == kSlotLayoutHash && words.size() == kSlotWords;
}

Word SlotImage::worker(std::size_t field) const {
    const std::size_t index = layout->worker.at(field);
    return index == LayoutMap::kAbsent ? 0 : words[index];
}

std::string SlotImage::model_version() const {
    EntryName packed{};
    for (std::size_t i = 0; i < packed.size(); ++i) {
        packed[i] = worker(offsetof(WorkerWords, model) / sizeof(Word) + i);
    }
    std::string name = unpack_name(packed);
    return pack_name(name) == packed ? name : "";
}

Result<SlotImage> decode_slot(std::vector<Word> words) {
    if (words.size() < kHeaderWords + kJournalWords) return Error{"shorter than a header"};
    const auto header = part_of<SlotHeader>(words, 0);
    if (header.magic != kSlotMagic) return Error{"not a slot"};
    if (header.format != kSlotFormat) {
        return Error{"its format " + std::to_string(header.format) + " is unknown"};
    }
    if (header.words != words.size()) return Error{"cut short or too long"};
    const std::string_view description = description_of(words, header);
    if (hash_of(description) != header.layout_hash) return Error{"its description is damaged"};
    Result<std::shared_ptr<const LayoutMap>> layout = layout_of(description, header.words);
    if (!layout) return Error{"its description has " + layout.error().message};
    if (layout.value()->end > header.description_word) return Error{"its description overlaps"};
    if (!complete_transaction(words, layout.value()->end)) return Error{"its journal is damaged"};
    return SlotImage{std::move(words), std::move(layout).value()};
}

SlotReading read_slot(int directory, const std::string& file, std::vector<Word> memory) {
    // O_NONBLOCK: whatever bears the name, opening it does not wait.
    const int flags = O_RDONLY | O_CLOEXEC | O_NOFOLLOW | O_NONBLOCK;
    const system::FileDescriptor fd{::openat(directory, file.c_str(), flags)};
    if (!fd.is_open()) {
        if (errno == ENOENT) return {SlotState::absent, {}, {}};
        const bool is_link = errno == ELOOP;
        return {
            is_link ? SlotState::damaged : SlotState::unreadable, {}, errno_error(file).message};
    }
    struct stat status {};
    if (::fstat(fd.get(), &status) != 0) {
        return {SlotState::unreadable, {}, errno_error(file).message};
    }
    const auto size = static_cast<std::size_t>(status.st_size);
    if (!S_ISREG(status.st_mode) || size % sizeof(Word) != 0 || size > kMaxWords * sizeof(Word)) {
        return {SlotState::damaged, {}, file + ": not a slot"};
    }
    if (size < (kHeaderWords + kJournalWords) * sizeof(Word)) {
        return {SlotState::damaged, {}, file + ": shorter than a header"};
    }
    const FileWords source{fd.get()};
    std::optional<std::vector<Word>> words =
        read_words(source, size / sizeof(Word), kMaxTries, std::move(memory));
    if (!words) return {SlotState::unreadable, {}, file + ": changes whenever it is read"};
    Result<SlotImage> image = decode_slot(*std::move(words));
    if (!image) return {SlotState::damaged, {}, file + ": " + image.error().message};
    return {SlotState::intact, std::move(image).value(), {}};
}

}  // namespace appcore::store
