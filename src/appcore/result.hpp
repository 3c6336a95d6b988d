// Errors are values: an operation that can fail returns a Result, and no exception crosses a
// module.
#pragma once

#include <cerrno>
#include <cstring>
#include <string>
#include <string_view>
#include <utility>
#include <variant>

namespace appcore {

// Why something failed, in one line that an operator can act on.
struct Error {
    std::string message;
    int code = 0;  // errno, where a system call has failed
};

// "<what>: <strerror(errno)>". Call it before anything else can change errno.
inline Error errno_error(std::string_view what) {
    const int saved = errno;
    const char* const reason = std::strerror(saved);  // NOLINT(concurrency-mt-unsafe)
    return Error{std::string(what) + ": " + reason, saved};
}

// A value of type T, or the Error that prevented it. Reading the wrong one is a programming error
// and throws std::bad_variant_access.
template <typename T>
class [[nodiscard]] Result {
  public:
    // Implicit, so that a function returns either as it is.
    // NOLINTBEGIN(google-explicit-constructor)
    Result(T value) : state_(std::in_place_index<0>, std::move(value)) {}
    Result(Error error) : state_(std::in_place_index<1>, std::move(error)) {}
    // NOLINTEND(google-explicit-constructor)

    [[nodiscard]] bool ok() const { return state_.index() == 0; }
    explicit operator bool() const { return ok(); }
    [[nodiscard]] T& value() & { return std::get<0>(state_); }
    [[nodiscard]] const T& value() const& { return std::get<0>(state_); }
    [[nodiscard]] T&& value() && { return std::get<0>(std::move(state_)); }
    [[nodiscard]] const Error& error() const { return std::get<1>(state_); }

  private:
    std::variant<T, Error> state_;
};

// Success without a value.
struct Done {};
using Status = Result<Done>;

}  // namespace appcore
