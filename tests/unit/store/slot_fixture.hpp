// What the tests of slots share: a directory that goes away, workers, slots of another layout.
#pragma once

#include <fcntl.h>
#include <unistd.h>

#include <cstdlib>
#include <cstring>
#include <filesystem>
#include <fstream>
#include <initializer_list>
#include <string>
#include <utility>
#include <vector>

#include "appcore/store/recorder.hpp"
#include "appcore/store/slot_description.hpp"
#include "appcore/store/slot_image.hpp"
#include "catch.hpp"

namespace slot_fixture {

using namespace appcore;         // NOLINT(google-build-using-namespace)
using namespace appcore::store;  // NOLINT(google-build-using-namespace)
using namespace std::chrono_literals;

class TemporaryDirectory {
  public:
    TemporaryDirectory() {
        std::string pattern = (std::filesystem::temp_directory_path() / "appcore-XXXXXX").string();
        REQUIRE(::mkdtemp(pattern.data()) != nullptr);
        path_ = pattern;
    }
    TemporaryDirectory(const TemporaryDirectory&) = delete;
    TemporaryDirectory& operator=(const TemporaryDirectory&) = delete;
    ~TemporaryDirectory() { std::filesystem::remove_all(path_); }

    [[nodiscard]] const std::string& path() const { return path_; }
    [[nodiscard]] std::string operator/(const std::string& file) const {
        return path_ + "/" + file;
    }

  private:
    std::string path_;
};

inline const system::SteadyTime kNoon{12h};  // any time

inline RecorderOptions options(const std::string& directory, const std::string& name = "worker-01",
                               pid_t pid = ::getpid()) {
    return {directory, name, "v1.0", pid, system::WallTime{1'700'000'000s}};
}

inline RecorderOptions with_model(const std::string& directory, const std::string& version) {
    RecorderOptions with_version = options(directory);
    with_version.model_version = version;
    return with_version;
}

// How often each duration was counted.
inline Buckets buckets(std::initializer_list<std::pair<std::chrono::nanoseconds, Word>> counts) {
    Buckets result{};
    for (const auto& [duration, count] : counts) {
        result[bucket_of(static_cast<Word>(duration.count()))] += count;
    }
    return result;
}

inline RequestRecord health_check(std::chrono::nanoseconds duration = 1ms) {
    return {http::Method::get, http::Endpoint::health, 200, duration, std::nullopt, {}};
}

inline RequestRecord prediction(RequestKey key = {}) {
    return {http::Method::post,
            http::Endpoint::predict,
            201,
            7ms,
            PredictionRecord{metric::Outcome::success, 2ms},
            key};
}

// Has a prediction counted for each of as many versions as a slot has entries besides "other":
// `first`, and `prefix` with a number from 2 on.
inline void fill_models(const std::string& directory, const std::string& first,
                        const std::string& prefix) {
    for (std::size_t i = 1; i < kModelEntries; ++i) {
        Recorder recorder(with_model(directory, i == 1 ? first : prefix + std::to_string(i)));
        REQUIRE_FALSE(recorder.maintain(kNoon));
        recorder.record_request(prediction());
    }
}

inline SlotReading read(const std::string& directory, const std::string& name = "worker-01") {
    const Result<appcore::system::FileDescriptor> fd = open_state_directory(directory);
    REQUIRE(fd.ok());
    return read_slot(fd.value().get(), slot_file(name));
}

// The sums in a slot's file, which has to be intact.
inline Totals totals_of(const std::string& directory, const std::string& name = "worker-01") {
    const SlotReading reading = read(directory, name);
    INFO(reading.reason);
    REQUIRE(reading.state == SlotState::intact);
    Result<Totals> totals = read_totals(reading.image);
    REQUIRE(totals.ok());
    return std::move(totals).value();
}

inline Word count(const Totals& totals, http::Method method, http::Endpoint endpoint, int status) {
    return totals.cell(static_cast<std::size_t>(method), static_cast<std::size_t>(endpoint))
        .replies[http::status_index(status)];
}

inline Word health_checks(const Totals& totals) {
    return count(totals, http::Method::get, http::Endpoint::health, 200);
}

inline Word event(const Totals& totals, metric::Event event) {
    return totals.events[static_cast<std::size_t>(event)];
}

inline std::size_t count_files(const std::string& directory) {
    const std::filesystem::directory_iterator files{directory};
    return static_cast<std::size_t>(std::distance(begin(files), end(files)));
}

inline void write_file(const std::string& path, const std::string& content) {
    std::ofstream(path, std::ios::binary | std::ios::trunc) << content;
}

inline std::string read_file(const std::string& path) {
    std::ifstream file(path, std::ios::binary);
    return {std::istreambuf_iterator<char>(file), {}};
}

// The words of a slot with this description and this number of words before it.
inline std::vector<Word> make_words(const std::string& description, std::size_t description_word) {
    std::vector<Word> words(description_word + (description.size() + 7) / 8);
    const SlotHeader header{kSlotMagic,   kSlotFormat,      layout_hash(description),
                            words.size(), description_word, description.size(),
                            {11, 22}};
    std::memcpy(words.data(), &header, sizeof header);
    std::memcpy(&words[description_word], description.data(), description.size());
    return words;
}

inline void write_words(const std::string& path, const std::vector<Word>& words) {
    std::string bytes(words.size() * sizeof(Word), '\0');
    std::memcpy(bytes.data(), words.data(), bytes.size());
    write_file(path, bytes);
}

// A layout as another version of the program might have it: fewer labels, other bounds, a field
// less.
inline const std::string kOtherLayout =
    "worker 40 0 starts pid\n"
    "keys 42 1\n"
    "events 44 0 layout_migrated something_new\n"
    "methods 0 0 POST BREW\n"
    "endpoints 0 0 /predict /brew other\n"
    "statuses 0 0 201 418 other\n"
    "request_bounds_ns 0 0 3000000 5000000 60000000000\n"
    "prediction_bounds_ns 0 0 1000000\n"
    "outcomes 0 0 error success\n"
    "requests 48 8\n"
    "models 96 9\n"
    "end 114 0\n";

// A slot of that layout. POST /predict 201 three times (4 ms: 2, 20 s: 1), BREW /brew 418 once
// (2 ms); model "v0.9": an error and a success, both within 1 ms.
inline std::vector<Word> make_other_slot() {
    std::vector<Word> words = make_words(kOtherLayout, 120);
    words[40] = 5;    // starts
    words[41] = 321;  // pid
    words[42] = 0xabc;
    words[43] = 0xdef;
    words[44] = 1;  // layout_migrated
    const std::vector<Word> post_predict{20'008'000'000, 0, 2, 0, 1, 3, 0, 0};
    const std::vector<Word> brew_brew{2'000'000, 1, 0, 0, 0, 0, 1, 0};
    std::copy(post_predict.begin(), post_predict.end(), words.begin() + 48);
    std::copy(brew_brew.begin(), brew_brew.end(), words.begin() + 48 + 4 * 8);
    const auto name = pack_name("v0.9");
    std::copy(name.begin(), name.end(), words.begin() + 96);
    const std::vector<Word> model{1'500'000, 2, 0, 1, 1};
    std::copy(model.begin(), model.end(), words.begin() + 100);
    return words;
}

}  // namespace slot_fixture
