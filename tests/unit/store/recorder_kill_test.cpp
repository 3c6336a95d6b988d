// What a kill leaves behind: at every instruction of an update, and at any time in a busy worker.
#include <sys/mman.h>
#include <sys/ptrace.h>
#include <sys/wait.h>

#include <csignal>
#include <functional>
#include <vector>

#include "appcore/metrics/collector.hpp"
#include "appcore/store/recorder.hpp"
#include "appcore/store/slot_content.hpp"
#include "store/slot_fixture.hpp"

using namespace appcore::metrics;  // NOLINT(google-build-using-namespace)
using namespace slot_fixture;      // NOLINT(google-build-using-namespace)

namespace {

// The i-th request of a worker (i from 0 on): different numbers of all kinds.
RequestRecord request_number(Word i) {
    const auto duration = std::chrono::nanoseconds{1 + i % 7 * 2'000'000};
    if (i % 3 == 0)
        return {http::Method::get, http::Endpoint::health, 200, duration, std::nullopt, {{9, i}}};
    if (i % 3 == 1) {
        return {http::Method::post,
                http::Endpoint::predict,
                422,
                duration,
                PredictionRecord{metric::Outcome::error, duration},
                {{9, i}}};
    }
    return {http::Method::post,
            http::Endpoint::predict,
            201,
            duration,
            PredictionRecord{metric::Outcome::success, duration},
            {{9, i}}};
}

Word sum(const auto& words) {
    Word result = 0;
    for (const Word word : words) result += word;
    return result;
}

// All numbers of a slot in one list, and whether it has the key of the request that was recorded
// last.
std::vector<Word> numbers(const Totals& totals, const SlotImage& image, Word requests) {
    std::vector<Word> all;
    for (const auto& [place, cell] : totals.requests) {
        all.push_back(place);
        all.push_back(cell.sum_ns);
        all.insert(all.end(), cell.buckets.begin(), cell.buckets.end());
        all.insert(all.end(), cell.replies.begin(), cell.replies.end());
    }
    for (const ModelTotals& model : totals.models) {
        all.push_back(model.cell.sum_ns);
        all.insert(all.end(), model.cell.buckets.begin(), model.cell.buckets.end());
        all.insert(all.end(), model.cell.outcomes.begin(), model.cell.outcomes.end());
    }
    for (const auto& [place, cell] : totals.waits) {
        all.push_back(place);
        for (const Durations& durations : {cell.wait, cell.latency}) {
            all.push_back(durations.sum_ns);
            all.insert(all.end(), durations.buckets.begin(), durations.buckets.end());
        }
    }
    bool has_last_key = requests == 0 || pending_key(image).words[1] == requests - 1;
    for (std::size_t i = 0; i < image.layout->key_count; ++i) {
        has_last_key = has_last_key || image.words[image.layout->keys + 2 * i + 1] == requests - 1;
    }
    all.push_back(has_last_key ? 1 : 0);
    return all;
}

Word requests_in(const Totals& totals) {
    Word requests = 0;
    for (const auto& [place, cell] : totals.requests) requests += sum(cell.replies);
    return requests;
}

// Whether the slot holds exactly the first requests of the worker, each entirely, and how many.
Word recorded_prefix(const std::string& directory) {
    const SlotReading reading = read(directory);
    INFO(reading.reason);
    REQUIRE(reading.state == SlotState::intact);
    const Totals totals = totals_of(directory);
    const Word requests = requests_in(totals);

    const TemporaryDirectory other;
    Recorder undisturbed(options(other.path()));
    REQUIRE_FALSE(undisturbed.maintain(kNoon));
    for (Word i = 0; i < requests; ++i) undisturbed.record_request(request_number(i));
    CHECK(numbers(totals, reading.image, requests) ==
          numbers(totals_of(other.path()), read(other.path()).image, requests));
    return requests;
}

// What a process that was killed when the slot's file held `bytes` has recorded: in the eyes of the
// next holder.
Word recorded_for_next_holder(const std::string& bytes) {
    const TemporaryDirectory directory;
    write_file(directory / "worker-01.slot", bytes);
    Recorder next(options(directory.path(), "worker-01", 200));
    REQUIRE_FALSE(next.maintain(kNoon));
    return recorded_prefix(directory.path());
}

[[noreturn]] void record_while_traced(const std::string& directory, const RequestRecord& first,
                                      const RequestRecord& second) {
    Recorder recorder(options(directory));
    if (recorder.maintain(kNoon) || ::ptrace(PTRACE_TRACEME, 0, nullptr, nullptr) != 0) ::_exit(1);
    recorder.record_request(first);
    ::raise(SIGSTOP);
    recorder.record_request(second);
    ::raise(SIGSTOP);
    ::_exit(0);
}

// Lets a process record both requests and calls `look` with the slot's file as it is before the
// second one and after each instruction that changes it, which is what a kill at that instant
// leaves, since the kernel keeps the mapped pages. False if there is no right to trace a process.
bool step_through(const std::string& directory, const RequestRecord& first,
                  const RequestRecord& second,
                  const std::function<void(const std::string&)>& look) {
    const pid_t child = ::fork();
    REQUIRE(child >= 0);
    if (child == 0) record_while_traced(directory, first, second);
    int status = 0;
    REQUIRE(::waitpid(child, &status, 0) == child);
    if (!WIFSTOPPED(status)) {
        WARN("SKIP: no right to trace a process");
        return false;
    }
    const auto fd = open_state_directory(directory);
    const Result<MappedSlot> file = map_slot(fd.value().get(), "worker-01");
    REQUIRE(file.ok());
    std::string before;
    do {
        if (before.empty() || std::memcmp(file.value().get(), before.data(), before.size()) != 0) {
            before = read_file(directory + "/worker-01.slot");
            look(before);
        }
        REQUIRE(::ptrace(PTRACE_SINGLESTEP, child, nullptr, nullptr) == 0);
        REQUIRE(::waitpid(child, &status, 0) == child);
        REQUIRE(WIFSTOPPED(status));
    } while (WSTOPSIG(status) != SIGSTOP);
    ::kill(child, SIGKILL);
    ::waitpid(child, nullptr, 0);
    return true;
}

// Runs `action` in a child, waits until `is_started` (a second at most), lets it run for
// `kill_after` microseconds more and kills it.
void run_and_kill(
    useconds_t kill_after, const std::function<void()>& action,
    const std::function<bool()>& is_started = [] { return true; }) {
    const pid_t child = ::fork();
    REQUIRE(child >= 0);
    if (child == 0) {
        action();
        ::_exit(0);
    }
    for (int i = 0; i < 10'000 && !is_started(); ++i) ::usleep(100);
    ::usleep(kill_after);
    ::kill(child, SIGKILL);
    ::waitpid(child, nullptr, 0);
}

}  // namespace

TEST_CASE("a kill at any instruction of an update leaves all of it or nothing") {
    const TemporaryDirectory directory;
    std::size_t states = 0;
    Word last = 1;
    const auto look = [&](const std::string& bytes) {
        ++states;
        const Word recorded = recorded_prefix(directory.path());
        CHECK(recorded >= last);
        CHECK(recorded_for_next_holder(bytes) == recorded);
        last = recorded;
    };
    if (!step_through(directory.path(), request_number(0), request_number(1), look)) return;
    CHECK(last == 2);
    CHECK(states > 16);  // 8 words, 8 journal entries, length, sequence twice; some do not differ
}

TEST_CASE("a kill at any instruction of an exemplar's writing leaves a whole one or none") {
    const TemporaryDirectory directory;
    RequestRecord first = prediction();
    first.trace = trace_id_of("4bf92f3577b34da6a3ce929d0e0e4736");
    first.time = system::WallTime{1'795'421'208s};
    RequestRecord second = first;
    second.trace = trace_id_of("00f067aa0ba902b700f067aa0ba902b7");
    second.time += 1s;
    second.duration += 1us;
    second.wait = 1us;
    second.prediction->duration += 1us;
    std::size_t without = 0;
    std::vector<TraceId> shown;
    const auto look = [&](const std::string&) {
        const SlotReading reading = read(directory.path());
        REQUIRE(reading.state == SlotState::intact);
        const auto exemplars = read_exemplars(reading.image);
        without += exemplars.empty() ? 1U : 0U;
        if (exemplars.empty()) return;
        REQUIRE(exemplars.size() == 1);
        const Exemplar& exemplar = exemplars.front();
        const RequestRecord& request = exemplar.trace == first.trace ? first : second;
        CHECK(exemplar.trace == request.trace);
        CHECK(exemplar.time == request.time);
        CHECK(exemplar.duration == request.duration);
        CHECK(exemplar.wait == request.wait);
        CHECK(exemplar.prediction == request.prediction->duration);
        // What it stands for has been counted.
        CHECK((&request == &first || requests_in(totals_of(directory.path())) == 2));
        if (shown.empty() || shown.back() != exemplar.trace) shown.push_back(exemplar.trace);
    };
    if (!step_through(directory.path(), first, second, look)) return;
    CHECK(shown == std::vector<TraceId>{first.trace, second.trace});
    CHECK(without > 0);  // while it was being written
}

TEST_CASE("a worker that is killed at any time, again and again, loses and doubles nothing") {
    const TemporaryDirectory directory;
    void* const memory =
        ::mmap(nullptr, sizeof(Word), PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
    REQUIRE(memory != MAP_FAILED);
    const std::atomic_ref<Word> finished(*static_cast<Word*>(memory));
    Collector collector(directory.path());
    Word recorded = 0;
    const auto work = [&] {
        Recorder recorder(options(directory.path()));
        if (recorder.maintain(kNoon)) ::_exit(1);
        for (Word next = recorded; next < recorded + 20'000; ++next) {
            recorder.record_request(request_number(next));
            finished = next + 1;
        }
    };
    for (useconds_t i = 0; i < 60; ++i) {
        finished = recorded;
        // Every other one is killed early, perhaps while it takes the slot over.
        const bool is_early = i % 2 == 0;
        run_and_kill(i * 37 % 1000, work, [&] { return is_early || finished > recorded; });
        if (read(directory.path()).state == SlotState::absent) continue;  // killed before its start
        const Word now = recorded_prefix(directory.path());
        CHECK(now >= finished);
        CHECK(now <= finished + 1);
        CHECK(requests_in(collector.collect().totals) == now);
        recorded = now;
    }
    CHECK(recorded > 0);
    CHECK(count_files(directory.path()) <= 3);
    ::munmap(memory, sizeof(Word));
}

TEST_CASE("a worker that is killed while it takes over another layout loses and doubles nothing") {
    const TemporaryDirectory directory;
    write_words(directory / "worker-01.slot", make_other_slot());
    for (useconds_t i = 0; i < 100; ++i) {
        run_and_kill(i * 3, [&] {
            Recorder recorder(options(directory.path()));
            recorder.maintain(kNoon);
        });
        const Totals totals = totals_of(directory.path());
        REQUIRE(requests_in(totals) == 4);
        const bool is_migrated = read(directory.path()).image.has_current_layout();
        REQUIRE(totals.events[2] == (is_migrated ? 2 : 1));
        REQUIRE(count_files(directory.path()) <= 3);
        if (is_migrated) write_words(directory / "worker-01.slot", make_other_slot());
    }
}
