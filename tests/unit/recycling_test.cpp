#include "appcore/recycling.hpp"

#include <algorithm>
#include <array>
#include <cstdint>
#include <set>

#include "catch.hpp"

using namespace appcore;

namespace {

// Ids that begin with `random`.
class Ids final : public system::IdSource {
  public:
    explicit Ids(std::uint32_t random) : random_(random) {}
    [[nodiscard]] system::Uuid next() override {
        std::array<unsigned char, 16> bytes{};
        for (unsigned i = 0; i < 4; ++i) {
            bytes[i] = static_cast<unsigned char>(random_ >> (24 - 8 * i));
        }
        return system::Uuid(bytes);
    }

  private:
    std::uint32_t random_;
};

std::uint64_t after(std::uint64_t max_requests, std::uint32_t random) {
    Ids ids(random);
    return recycle_after(max_requests, ids);
}

}  // namespace

TEST_CASE(
    "workers are recycled after a tenth more or fewer requests than told, all equally often") {
    std::set<std::uint64_t> seen;
    for (std::uint32_t random = 0; random < 201; ++random) seen.insert(after(1000, random));
    CHECK(seen.size() == 201);
    CHECK(*seen.begin() == 900);
    CHECK(*seen.rbegin() == 1100);
    CHECK(after(1000, 201) == after(1000, 0));
    CHECK(after(10, 0) == 9);
    CHECK(after(10, 2) == 11);
    CHECK(after(1'000'000'000'000, 0xffffffff) <= 1'100'000'000'000);
}

TEST_CASE("two workers that start together are not recycled together") {
    system::RandomIds ids;
    std::set<std::uint64_t> seen;
    for (int i = 0; i < 20; ++i) seen.insert(recycle_after(1'000'000, ids));
    CHECK(seen.size() > 1);
}

TEST_CASE("fewer than ten requests are not spread, and no limit stays none") {
    for (const std::uint64_t few : {0U, 1U, 9U}) CHECK(after(few, 0xffffffff) == few);
}
