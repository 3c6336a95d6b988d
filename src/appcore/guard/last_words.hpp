// The line that a process writes about the request that kills it.
#pragma once

#include <string>
#include <string_view>

#include "appcore/guard/request_in_hand.hpp"
#include "appcore/system/file_descriptor.hpp"

namespace appcore::guard {

// One JSON object on standard error, where supervisord's log takes it: the log proper may be in use
// by the thread that hangs. Nothing is allocated, locked or thrown, so a signal handler may speak.
// A reader that hangs costs the line and no time.
class LastWords {
  public:
    // `worker` is the field of that name, as in the log. To be constructed before the sandbox
    // (sandbox.hpp), with standard error in its place.
    explicit LastWords(std::string worker);

    // `what` happened, such as "hangs" or "crashes it (SIGSEGV)": "a request <what>: POST
    // /predict".
    void say(std::string_view what, const RequestView& request, system::WallTime now,
             system::SteadyTime steady_now);

  private:
    std::string worker_;
    system::FileDescriptor
        pipe_;  // standard error once more, never waiting; none if it is not a pipe
    std::string line_;
    std::string text_;
};

// The id of the reply that is made in the dead process's place: the client's, or the one that is
// made of nginx's key (api/request_id.hpp). Appends to `out`; nothing where there is neither.
void append_reply_id(std::string& out, const RequestView& request);

}  // namespace appcore::guard
