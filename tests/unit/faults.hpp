// System calls that fail on purpose. The linker leads the calls of this program's own code through
// faults.cpp (--wrap, see Makefile), so the product needs no seam for it and is tested as it is.
#pragma once

#include <cstddef>
#include <string>

#include "catch.hpp"

namespace faults {

// The fault of one run: the `call`-th wrapped call fails with the `variant`-th of its errors.
class Injection {
  public:
    // `lasting`: so do all later calls of the same function, but for errors that pass by nature.
    Injection(std::size_t call, std::size_t variant, bool lasting);
    Injection(const Injection&) = delete;
    Injection& operator=(const Injection&) = delete;
    ~Injection() { disarm(); }

    // Counts calls, and lets one fail, while `action` runs; here or in a process forked in it.
    template <typename Action>
    auto during(Action action) const {
        arm();
        struct Disarm {
            ~Disarm() { disarm(); }
        } const after;
        return action();
    }

    // For a process that has been forked for the action.
    void arm() const;
    static void disarm();

    // Whether the action came as far as the call, and how many variants that has.
    [[nodiscard]] static bool struck();
    [[nodiscard]] static std::size_t variants();
    // "openat #2: Permission denied"
    [[nodiscard]] std::string describe() const;

  private:
    std::size_t call_;
    std::size_t variant_;
    bool lasting_;
};

enum class Kind : bool { once, lasting };

// Runs `scenario` with the first wrapped call failing, in each way in which it may, then with the
// second, and so on, until it gets through without having met the fault. A scenario makes its own
// context, calls during() for the part that is to fail, and checks afterwards.
template <typename Scenario>
void fail_each_call(Kind kind, Scenario scenario) {
    for (std::size_t call = 1;; ++call) {
        for (std::size_t variant = 0; variant == 0 || variant < Injection::variants(); ++variant) {
            const Injection fault(call, variant, kind == Kind::lasting);
            scenario(fault);
            if (!Injection::struck()) {
                // Otherwise nothing is wrapped, and nothing was tested.
                REQUIRE(call > 1);
                return;
            }
        }
    }
}

}  // namespace faults
