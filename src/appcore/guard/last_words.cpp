#include "appcore/guard/last_words.hpp"

#include <fcntl.h>
#include <poll.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <chrono>

#include "appcore/api/request_id.hpp"
#include "appcore/http/target.hpp"
#include "appcore/http/traceparent.hpp"
#include "appcore/json/number.hpp"
#include "appcore/json/writer.hpp"

namespace appcore::guard {
namespace {

constexpr std::size_t kPathLimit = 512;
constexpr std::size_t kMethodLimit = 32;
constexpr std::size_t kLineCapacity = 8192;  // more than the longest line: 6 bytes for any byte

constexpr std::array<std::string_view, 5> kPhaseNames = {"none", "reading", "handling", "committed",
                                                         "replying"};

// Printable ASCII only; the log's own line would have the rest, but it will not be written any
// more.
void append_printable(std::string& out, std::string_view text, std::size_t limit) {
    for (const char c : text.substr(0, limit)) out.push_back(c >= ' ' && c <= '~' ? c : '?');
}

// A pipe can be opened once more, so that O_NONBLOCK is not seen by those who share it. What is no
// pipe, or belongs to somebody else, is written to when poll() says that there is room.
system::FileDescriptor open_pipe() {
    struct stat status = {};
    if (::fstat(STDERR_FILENO, &status) != 0 || !S_ISFIFO(status.st_mode)) return {};
    return system::FileDescriptor(
        ::open("/proc/self/fd/2", O_WRONLY | O_APPEND | O_NONBLOCK | O_CLOEXEC));
}

}  // namespace

void append_reply_id(std::string& out, const RequestView& request) {
    if (api::is_sane_request_id(request.client_id)) {
        out.append(request.client_id);
        return;
    }
    if (!request.key.empty()) out.append(api::id_of_failed(request.key).text());
}

LastWords::LastWords(std::string worker) : worker_(std::move(worker)), pipe_(open_pipe()) {
    line_.reserve(kLineCapacity);
    text_.reserve(kLineCapacity);
}

void LastWords::say(std::string_view what, const RequestView& request, system::WallTime now,
                    system::SteadyTime steady_now) {
    const auto member = [this](std::string_view name, std::string_view text) {
        line_.append(",\"").append(name).append("\":");
        json::append_string(line_, text);
    };
    const std::string_view path = http::split_target(request.target).path;
    line_.assign(R"({"timestamp":")");
    system::append_date_time(line_, now);
    line_.append(R"(Z","level":"CRITICAL","logger":"appcore")");
    text_.assign("a request ").append(what);
    if (!request.method.empty()) {
        text_.append(": ");
        append_printable(text_, request.method, kMethodLimit);
        text_.append(" ");
        append_printable(text_, path, kPathLimit);
    }
    member("message", text_);
    text_.clear();
    append_reply_id(text_, request);
    if (!text_.empty()) member("request_id", text_);
    if (!request.method.empty()) {
        text_.clear();
        append_printable(text_, request.method, kMethodLimit);
        member("method", text_);
        text_.clear();
        append_printable(text_, path, kPathLimit);
        member("path", text_);
    }
    member("phase", kPhaseNames.at(static_cast<std::size_t>(request.phase)));
    const auto milliseconds =
        std::chrono::floor<std::chrono::milliseconds>(steady_now - request.begun).count();
    line_.append(R"(,"duration_ms":)");
    json::append_float(line_,
                       static_cast<double>(std::max<decltype(milliseconds)>(milliseconds, 0)));
    member("worker", worker_);
    if (const auto trace = http::parse_traceparent(request.traceparent)) {
        member("trace_id", trace->trace_id);
        member("span_id", trace->parent_id);
        member("trace_flags", trace->flags);
    }
    line_.append("}\n");
    const int fd = pipe_.is_open() ? pipe_.get() : STDERR_FILENO;
    pollfd waiting = {fd, POLLOUT, 0};
    if (::poll(&waiting, 1, 0) <= 0) return;
    const ssize_t written = ::write(fd, line_.data(), line_.size());
    static_cast<void>(written);  // nobody is left to be told
}

}  // namespace appcore::guard
