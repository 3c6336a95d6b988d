#include "appcore/log/ring.hpp"

#include <fcntl.h>
#include <unistd.h>

#include <cstring>
#include <string>

#include "store/slot_fixture.hpp"

using namespace appcore;  // NOLINT(google-build-using-namespace)
using log::kRingCapacity;
using log::Position;
using log::Ring;
using slot_fixture::TemporaryDirectory;

namespace {

std::string text(const Ring& ring, Position begin, Position end) {
    const auto [first, second] = ring.bytes(begin, end);
    return std::string(first).append(second);
}

std::string waiting(const Ring& ring) {
    return text(ring, ring.written(), ring.published());
}

std::shared_ptr<Ring> anonymous() {
    auto ring = Ring::make_anonymous();
    REQUIRE(ring.ok());
    return ring.value();
}

system::FileDescriptor file_in(const TemporaryDirectory& directory) {
    return system::FileDescriptor(
        ::open((directory / "ring").c_str(), O_RDWR | O_CREAT | O_CLOEXEC, 0600));
}

}  // namespace

TEST_CASE("the writer sees lines once they are published") {
    const auto ring = anonymous();
    CHECK(ring->append("one\n"));
    CHECK(ring->append("two\n"));
    CHECK(ring->is_empty());
    ring->publish();
    CHECK(waiting(*ring) == "one\ntwo\n");
    ring->finish_batch(ring->batch_end(5));
    CHECK(waiting(*ring) == "two\n");
}

TEST_CASE("lines of a request that is given up are forgotten") {
    const auto ring = anonymous();
    ring->append("one\n");
    ring->publish();
    ring->append("never\n");
    ring->take_back();
    ring->append("two\n");
    ring->publish();
    CHECK(waiting(*ring) == "one\ntwo\n");
}

TEST_CASE("a line that finds no room is refused, and the others stay as they are") {
    const auto ring = anonymous();
    const std::string line = std::string(999, 'x') + "\n";
    std::size_t count = 0;
    while (ring->append(line)) ++count;
    CHECK(count == kRingCapacity / line.size());
    ring->publish();
    CHECK(waiting(*ring).size() == count * line.size());
    ring->finish_batch(line.size());
    CHECK(ring->append(line));
    CHECK_FALSE(ring->append(line));
}

TEST_CASE("lines go round the end of the ring unharmed") {
    const auto ring = anonymous();
    std::size_t number = 0;
    for (int round = 0; round < 5000; ++round) {
        std::string expected;
        for (int i = 0; i < 3; ++i) {
            const std::string line = std::to_string(number) + std::string(number % 701, 'x') + "\n";
            ++number;
            REQUIRE(ring->append(line));
            expected += line;
        }
        ring->publish();
        REQUIRE(waiting(*ring) == expected);
        ring->finish_batch(ring->published());
    }
    CHECK(ring->written() > kRingCapacity);
}

TEST_CASE("a batch consists of whole lines, and of one at least") {
    const auto ring = anonymous();
    // So that the batch goes round the end.
    ring->append(std::string(kRingCapacity - 11, 'x') + "\n");
    ring->publish();
    ring->finish_batch(ring->published());
    ring->append("12345\n12345\n12345\n");
    ring->publish();
    const Position begin = ring->written();
    CHECK(ring->batch_end(1000) == begin + 18);
    CHECK(ring->batch_end(17) == begin + 12);
    CHECK(ring->batch_end(12) == begin + 12);
    CHECK(ring->batch_end(11) == begin + 6);
    CHECK(ring->batch_end(6) == begin + 6);
    CHECK(ring->batch_end(1) == begin + 6);
    ring->finish_batch(begin + 6);
    CHECK(ring->batch_end(1) == begin + 12);
}

TEST_CASE("a ring in a file is found again as it was left") {
    const TemporaryDirectory directory;
    {
        const auto ring = Ring::make(file_in(directory), 42);
        REQUIRE(ring.ok());
        ring.value()->append("one\n");
        ring.value()->publish();
        ring.value()->append("counted\n");
    }
    const auto ring = Ring::open(file_in(directory));
    REQUIRE(ring.ok());
    CHECK(ring.value()->identity() == 42);
    CHECK(waiting(*ring.value()) == "one\n");
    SECTION("and its holder's slot says what else counts") {
        ring.value()->publish_up_to(12);
        CHECK(waiting(*ring.value()) == "one\ncounted\n");
    }
    SECTION("whatever cannot be true does not count") {
        for (const Position wrong :
             {Position{0}, Position{3}, Position{4}, Position{11}, Position{kRingCapacity + 5}}) {
            ring.value()->publish_up_to(wrong);
            CHECK(waiting(*ring.value()) == "one\n");
        }
    }
}

TEST_CASE("a batch is left behind only if it was noted whole and has not been finished") {
    const auto ring = anonymous();
    ring->append("one\ntwo\n");
    ring->publish();
    CHECK(ring->left_batch() == 0);
    ring->begin_batch(4, {1, 2, 3});
    CHECK(ring->left_batch() == 4);
    CHECK(ring->left_mark() == log::FileMark{1, 2, 3});
    ring->finish_batch(4);
    CHECK(ring->left_batch() == 0);
}

TEST_CASE("a damaged ring is not opened, whatever byte of its header is wrong") {
    const TemporaryDirectory directory;
    {
        const auto ring = Ring::make(file_in(directory), 42);
        ring.value()->append("one\n");
        ring.value()->publish();
    }
    const auto file = file_in(directory);
    const auto constant = offsetof(log::RingHeader, check) + sizeof(std::uint64_t);
    for (std::size_t i = 0; i < constant; ++i) {
        char byte = 0;
        REQUIRE(::pread(file.get(), &byte, 1, static_cast<off_t>(i)) == 1);
        const char wrong = static_cast<char>(byte ^ 1);
        REQUIRE(::pwrite(file.get(), &wrong, 1, static_cast<off_t>(i)) == 1);
        CHECK_FALSE(Ring::open(file).ok());
        REQUIRE(::pwrite(file.get(), &byte, 1, static_cast<off_t>(i)) == 1);
    }
    CHECK(Ring::open(file).ok());
    const auto set = [&file](std::size_t offset, Position value) {
        REQUIRE(::pwrite(file.get(), &value, sizeof value, static_cast<off_t>(offset)) ==
                sizeof value);
        const bool opens = Ring::open(file).ok();
        const Position before = offset == offsetof(log::RingHeader, published) ? 4 : 0;
        REQUIRE(::pwrite(file.get(), &before, sizeof before, static_cast<off_t>(offset)) ==
                sizeof before);
        return opens;
    };
    CHECK_FALSE(set(offsetof(log::RingHeader, published), 3));
    CHECK_FALSE(set(offsetof(log::RingHeader, published), kRingCapacity + 1));
    CHECK_FALSE(set(offsetof(log::RingHeader, written), 5));
    REQUIRE(::ftruncate(file.get(), 5000) == 0);
    CHECK_FALSE(Ring::open(file).ok());
}
