#include "appcore/log/writer.hpp"

#include <algorithm>
#include <utility>

namespace appcore::log {
namespace {

using std::chrono::milliseconds;

// Between two batches: some dozens of lines at full load, which one system call takes.
constexpr milliseconds kPace{5};
constexpr int kIdleLooks = 4;  // at kPace without a line, before the thread sleeps until woken
constexpr milliseconds kRetry{100};  // after a write that failed

struct Source {
    std::shared_ptr<Ring> ring;
    std::function<void()> when_written;
};

void wait_for(const std::atomic<bool>& flag, milliseconds longest) {
    const auto deadline = std::chrono::steady_clock::now() + longest;
    while (!flag && std::chrono::steady_clock::now() < deadline) {
        std::this_thread::sleep_for(milliseconds(1));
    }
}

enum class Progress : unsigned char { nothing, written, blocked };

// A batch in which the ring's last holder died: what of it has arrived is not written again.
void settle_left_batch(Ring& ring, LineFile& file) {
    const Position end = ring.left_batch();
    if (end == 0) return;
    const auto [first, second] = ring.bytes(ring.written(), end);
    const std::size_t found = file.find(ring.left_mark(), std::string(first).append(second));
    ring.finish_batch(ring.written() + found);
}

Progress write_batch(Ring& ring, LineFile& file) {
    const Position begin = ring.written();
    const Position end = ring.batch_end(file.batch_size());
    if (begin == end) return Progress::nothing;
    ring.begin_batch(end, file.mark());
    const std::size_t taken = file.append(ring.bytes(begin, end));
    ring.finish_batch(begin + taken);
    return begin + taken == end ? Progress::written : Progress::blocked;
}

}  // namespace

struct Writer::State {
    explicit State(std::string path) : file(std::move(path)) {}

    // The thread's own.
    LineFile file;
    std::vector<Source> sources;
    std::thread::id thread;

    // For both.
    std::mutex mutex;
    std::vector<Source> added;
    std::string problem;
    std::atomic<bool> has_problem{false};
    std::atomic<bool> must_reopen{false};
    std::atomic<bool> is_ending{false};
    std::atomic<bool> has_opened{false};
    std::atomic<bool> has_ended{false};
    std::atomic<bool> sleeps{false};
    std::atomic<int> bell{0};  // rung to wake the thread

    void run();
    void note(const Status& opened);
    void take_added();
    Progress write_all();
    void let_go();
    [[nodiscard]] bool has_work();
    void sleep_until_woken();
    void ring_bell();
};

void Writer::State::run() {
    note(file.open());
    has_opened = true;
    for (int idle = 0;;) {
        // Before the look for lines: those that were published before the end was asked for are
        // seen.
        const bool ends = is_ending;
        take_added();
        if (must_reopen.exchange(false)) note(file.reopen());
        const Progress progress = write_all();
        let_go();
        if (ends && progress != Progress::written) break;
        idle = progress == Progress::nothing ? idle + 1 : 0;
        if (ends) continue;
        if (idle > kIdleLooks) {
            sleep_until_woken();
        } else {
            std::this_thread::sleep_for(progress == Progress::blocked ? kRetry : kPace);
        }
    }
    has_ended = true;
    has_ended.notify_all();
}

void Writer::State::note(const Status& opened) {
    if (opened) return;
    const std::scoped_lock lock(mutex);
    problem = opened.error().message;
    has_problem = true;
}

void Writer::State::take_added() {
    std::vector<Source> fresh;
    {
        const std::scoped_lock lock(mutex);
        fresh.swap(added);
    }
    for (Source& source : fresh) {
        settle_left_batch(*source.ring, file);
        sources.push_back(std::move(source));
    }
}

// A batch of each ring.
Progress Writer::State::write_all() {
    Progress all = Progress::nothing;
    for (const Source& source : sources) {
        const Progress one = write_batch(*source.ring, file);
        if (one == Progress::blocked) return one;
        all = std::max(all, one);
    }
    return all;
}

void Writer::State::let_go() {
    std::erase_if(sources, [](const Source& source) {
        if (!source.ring->is_closed() || !source.ring->is_empty()) return false;
        if (source.when_written) source.when_written();
        return true;
    });
}

bool Writer::State::has_work() {
    if (is_ending || must_reopen) return true;
    const std::scoped_lock lock(mutex);
    return !added.empty() || std::ranges::any_of(sources, [](const Source& source) {
        return !source.ring->is_empty();
    });
}

// The one who publishes looks at `sleeps` after that, this thread the other way round: so one of
// them sees what the other did.
void Writer::State::sleep_until_woken() {
    const int rung = bell;
    sleeps = true;
    if (!has_work()) bell.wait(rung);
    sleeps = false;
}

void Writer::State::ring_bell() {
    ++bell;
    bell.notify_one();
}

Writer::Writer(std::string path)
    : state_(std::make_shared<State>(std::move(path))),
      thread_([state = state_] { state->run(); }) {
    // What starts after it can see how many descriptors are left. A disk that hangs keeps nobody.
    wait_for(state_->has_opened, kLongestEnd);
}

Writer::~Writer() {
    finish();
}

void Writer::add(std::shared_ptr<Ring> ring, std::function<void()> when_written) {
    {
        const std::scoped_lock lock(state_->mutex);
        state_->added.push_back({std::move(ring), std::move(when_written)});
    }
    wake();
}

void Writer::wake() {
    if (state_->sleeps) state_->ring_bell();
}

void Writer::reopen() {
    state_->must_reopen = true;
    state_->ring_bell();
}

void Writer::finish() {
    if (!thread_.joinable()) return;
    state_->is_ending = true;
    state_->ring_bell();
    wait_for(state_->has_ended, kLongestEnd);
    if (state_->has_ended) {
        thread_.join();
    } else {
        thread_.detach();
    }
}

std::string Writer::take_problem() {
    if (!state_->has_problem) return {};
    const std::scoped_lock lock(state_->mutex);
    state_->has_problem = false;
    return std::exchange(state_->problem, {});
}

}  // namespace appcore::log
