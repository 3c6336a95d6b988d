// What counting costs: nanoseconds for recording a request, milliseconds for a scrape of 64 slots
// in which every worker has counted all routes. Medians of the processor's time, in which no other
// process has a part. Fails where a limit of the specification is missed.
#include <sys/prctl.h>
#include <unistd.h>

#include <algorithm>
#include <csignal>
#include <cstdio>
#include <cstdlib>
#include <ctime>
#include <filesystem>
#include <memory>
#include <random>
#include <string>
#include <vector>

#include "appcore/metrics/collector.hpp"
#include "appcore/metrics/exposition.hpp"
#include "appcore/metrics/pool_families.hpp"
#include "appcore/store/recorder.hpp"

namespace {

using namespace appcore;           // NOLINT(google-build-using-namespace)
using namespace appcore::metrics;  // NOLINT(google-build-using-namespace)
using namespace appcore::store;    // NOLINT(google-build-using-namespace)

constexpr int kSlots = 64;
constexpr int kRounds = 100;
constexpr Word kRecords = 20'000;  // a round

RequestRecord prediction(Word key) {
    return {http::Method::post,
            http::Endpoint::predict,
            201,
            std::chrono::microseconds{90},
            PredictionRecord{metric::Outcome::success, std::chrono::microseconds{2}},
            {{1, key}}};
}

void record_everything(Recorder& recorder) {
    for (std::size_t endpoint = 0; endpoint < http::kEndpointCount; ++endpoint) {
        for (const int status : {200, 404, 405, 422}) {
            RequestRecord record = prediction(endpoint);
            record.endpoint = static_cast<http::Endpoint>(endpoint);
            record.status = status;
            recorder.record_request(record);
        }
    }
}

double processor_seconds() {
    timespec time{};
    ::clock_gettime(CLOCK_THREAD_CPUTIME_ID, &time);
    return static_cast<double>(time.tv_sec) + static_cast<double>(time.tv_nsec) * 1e-9;
}

// The median of what `work` takes.
template <typename Work>
double median_seconds(const Work& work) {
    std::vector<double> rounds;
    for (int i = 0; i < kRounds; ++i) {
        const double begun = processor_seconds();
        work();
        rounds.push_back(processor_seconds() - begun);
    }
    std::ranges::sort(rounds);
    return rounds[rounds.size() / 2];
}

// Requests of random durations, as in service: what a processor can guess costs less.
double record_nanoseconds(Recorder& recorder) {
    std::minstd_rand random(1);
    std::vector<RequestRecord> requests;
    for (Word i = 0; i < kRecords; ++i) {
        RequestRecord request = prediction(i);
        request.duration = std::chrono::nanoseconds{8192U << random() % 12U} +
                           std::chrono::nanoseconds{random() % 8192U};
        request.prediction->duration = request.duration / 2;
        request.wait = 2 * request.duration;
        requests.push_back(request);
    }
    const auto now = std::chrono::steady_clock::now();
    const auto record_all = [&] {
        for (const RequestRecord& request : requests) {
            recorder.begin_request(now);
            recorder.record_request(request);
            recorder.end_request(now);
        }
    };
    const double nanoseconds = median_seconds(record_all) * 1e9 / kRecords;
    std::printf("recording a request: %.1f ns\n", nanoseconds);
    return nanoseconds;
}

double scrape_milliseconds(const std::string& directory) {
    Collector collector(directory);
    std::size_t bytes = 0;
    const auto scrape = [&] {
        bytes = render_exposition(all_families(collector.collect(), {}, {}), "", "").body.size();
    };
    const double milliseconds = median_seconds(scrape) * 1e3;
    std::printf("scrape of %d slots: %.2f ms, %zu bytes\n", kSlots, milliseconds, bytes);
    return milliseconds;
}

// A process with as many descriptors as a worker that is idle, for what /proc says of it. It ends
// with this one.
pid_t start_process() {
    const pid_t pid = ::fork();
    if (pid != 0) return pid;
    ::prctl(PR_SET_PDEATHSIG, SIGKILL);
    for (int fd = 3; fd < 8; ++fd) ::dup2(STDERR_FILENO, fd);
    for (;;) ::pause();
}

}  // namespace

int main() {
    std::string directory = (std::filesystem::temp_directory_path() / "appcore-XXXXXX").string();
    if (::mkdtemp(directory.data()) == nullptr) return EXIT_FAILURE;
    std::vector<pid_t> pids;
    for (int i = 0; i < kSlots; ++i) pids.push_back(start_process());
    std::vector<std::unique_ptr<Recorder>> pool;
    for (const pid_t pid : pids) {
        pool.push_back(std::make_unique<Recorder>(RecorderOptions{
            directory, "worker-" + std::to_string(pool.size()), "v1.0", pid, {}, kSlots}));
        if (const auto error = pool.back()->maintain({})) {
            std::fprintf(stderr, "%s\n", error->message.c_str());
            return EXIT_FAILURE;
        }
        record_everything(*pool.back());
    }

    const double nanoseconds = record_nanoseconds(*pool.front());
    const double milliseconds = scrape_milliseconds(directory);
    std::filesystem::remove_all(directory);
    return nanoseconds < 100 && milliseconds < 5 ? EXIT_SUCCESS : EXIT_FAILURE;
}
