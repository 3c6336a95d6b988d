#include "appcore/store/presence.hpp"

#include <dirent.h>
#include <fcntl.h>
#include <sys/mman.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <charconv>
#include <memory>
#include <optional>
#include <string_view>
#include <system_error>

#include "appcore/store/journal.hpp"
#include "appcore/system/digest.hpp"
#include "appcore/system/file_descriptor.hpp"

namespace appcore::store {
namespace {

constexpr std::string_view kPrograms = "appcore-";  // worker, metrics

// "appcore:4f2c...:blue-01". The directory stands for the stack.
std::string memory_prefix(const std::string& state_directory) {
    std::array<char, 16> digits{};
    const auto hash = system::fnv1a(state_directory);
    const char* const end = std::to_chars(digits.begin(), digits.end(), hash, 16).ptr;
    return "appcore:" + std::string(digits.cbegin(), end) + ":";
}

struct CloseDirectory {
    void operator()(DIR* directory) const { ::closedir(directory); }
};

// Calls `visit` with the name of each entry, until it returns true.
template <typename Visit>
void visit_entries(const std::string& path, Visit visit) {
    const std::unique_ptr<DIR, CloseDirectory> directory(::opendir(path.c_str()));
    if (!directory) return;
    while (const dirent* entry = ::readdir(directory.get())) {  // NOLINT(concurrency-mt-unsafe)
        if (entry->d_name[0] != '.' && visit(std::string(entry->d_name))) return;
    }
}

bool is_ours(const std::string& process) {
    const system::FileDescriptor file(::open((process + "/comm").c_str(), O_RDONLY | O_CLOEXEC));
    std::array<char, kPrograms.size()> name{};
    return file.is_open() &&
           ::read(file.get(), name.data(), name.size()) == static_cast<ssize_t>(name.size()) &&
           std::string_view(name.data(), name.size()) == kPrograms;
}

std::optional<PresenceWords> read_words(const std::string& path) {
    const system::FileDescriptor file(::open(path.c_str(), O_RDONLY | O_CLOEXEC));
    PresenceWords words{};
    if (!file.is_open() || ::pread(file.get(), &words, sizeof words, 0) != sizeof words) {
        return std::nullopt;
    }
    return words;
}

// What the process says of itself, if it is of this stack and without a slot.
std::optional<Unattached> look_at(const std::string& process, const std::string& prefix) {
    const std::string wanted = "/memfd:" + prefix;
    std::optional<Unattached> found;
    visit_entries(process + "/fd", [&](const std::string& number) {
        const std::string path = process + "/fd/" + number;
        std::array<char, 256> target{};
        const ssize_t size = ::readlink(path.c_str(), target.data(), target.size());
        std::string_view name(target.data(), size > 0 ? static_cast<std::size_t>(size) : 0);
        if (!name.starts_with(wanted)) return false;
        name.remove_prefix(wanted.size());
        name = name.substr(0, name.find(' '));  // " (deleted)"
        const std::optional<PresenceWords> words = read_words(path);
        if (words && words->is_attached == 0) {
            found.emplace();
            found->name = name;
            if (words->health <= static_cast<Word>(Health::unhealthy)) {
                found->health = static_cast<Health>(words->health);
            }
            found->started = system::WallTime{std::chrono::microseconds{words->started_us}};
            found->pool_size = static_cast<unsigned>(words->pool_size);
        }
        return true;
    });
    return found;
}

}  // namespace

Presence::Presence(const std::string& state_directory, const std::string& name,
                   system::WallTime started, unsigned pool_size)
    : memory_(::memfd_create((memory_prefix(state_directory) + name).c_str(), MFD_CLOEXEC)) {
    // Written in one piece, since others may look at any time. A slot has not been tried for yet,
    // and so is not lacking.
    const PresenceWords words{1, static_cast<Word>(Health::unknown),
                              static_cast<Word>(started.time_since_epoch().count()), pool_size};
    if (!memory_.is_open() || ::write(memory_.get(), &words, sizeof words) != sizeof words) return;
    void* const memory = ::mmap(nullptr, sizeof(PresenceWords), PROT_READ | PROT_WRITE, MAP_SHARED,
                                memory_.get(), 0);
    if (memory == MAP_FAILED) return;  // NOLINT: the macro's cast
    words_ = static_cast<PresenceWords*>(memory);
}

Presence::~Presence() {
    if (words_ != nullptr) ::munmap(words_, sizeof(PresenceWords));
}

void Presence::set_health(Health health) {
    if (words_ != nullptr) {
        shared(words_->health).store(static_cast<Word>(health), std::memory_order_relaxed);
    }
}

void Presence::set_attached(bool is_attached) {
    if (words_ != nullptr) {
        shared(words_->is_attached).store(is_attached ? 1 : 0, std::memory_order_relaxed);
    }
}

std::vector<Unattached> find_unattached(const std::string& state_directory) {
    const std::string prefix = memory_prefix(state_directory);
    std::vector<Unattached> all;
    visit_entries("/proc", [&](const std::string& entry) {
        pid_t pid = 0;
        const char* const end = entry.data() + entry.size();
        if (std::from_chars(entry.data(), end, pid).ptr != end) return false;
        const std::string process = "/proc/" + entry;
        if (!is_ours(process)) return false;
        if (std::optional<Unattached> found = look_at(process, prefix)) {
            found->pid = pid;
            all.push_back(std::move(*found));
        }
        return false;
    });
    std::ranges::sort(all, {}, &Unattached::name);
    return all;
}

}  // namespace appcore::store
