#include "appcore/store/slot_image.hpp"

#include <sys/stat.h>

#include "appcore/store/journal.hpp"
#include "appcore/store/slot_content.hpp"
#include "appcore/store/slot_file.hpp"
#include "store/slot_fixture.hpp"

using namespace slot_fixture;  // NOLINT(google-build-using-namespace)

namespace {

constexpr std::size_t kJournalAt = kHeaderWords;

// The reason why the words are refused, or "".
std::string refusal(std::vector<Word> words) {
    const Result<SlotImage> image = decode_slot(std::move(words));
    return image ? "" : image.error().message;
}

}  // namespace

TEST_CASE("a slot of another layout is decoded by its own description") {
    const Result<SlotImage> image = decode_slot(make_other_slot());
    REQUIRE(image.ok());
    CHECK_FALSE(image.value().has_current_layout());
    CHECK(image.value().worker(0) == 321);  // pid
    CHECK(image.value().worker(2) == 5);    // starts
    CHECK(image.value().worker(3) == 0);    // health, which that layout lacks
    CHECK(image.value().header().lineage == std::array<Word, 2>{11, 22});
}

TEST_CASE("a worker's model is the text that its slot has for it, and none where it has none") {
    CHECK(decode_slot(make_other_slot()).value().model_version().empty());  // it lacks the field
    const auto model_in = [](const EntryName& name) {
        const auto slot = make_slot(100, system::WallTime{});
        slot->worker.model = name;
        const Word* const words = words_of(*slot);
        const Result<SlotImage> image = decode_slot({words, words + kSlotWords});
        REQUIRE(image.ok());
        return image.value().model_version();
    };
    const std::string longest(31, 'x');
    CHECK(model_in(pack_name(longest)) == longest);
    CHECK(model_in({}).empty());
    CHECK(model_in({0x0a}).empty());
    CHECK(model_in({0, 'x'}).empty());
}

TEST_CASE("words that are not a slot are refused with the reason") {
    std::vector<Word> words = make_other_slot();
    SECTION("too few for a header") {
        words.resize(39);
        CHECK(refusal(words) == "shorter than a header");
    }
    SECTION("cut short") {
        words.resize(60);
        CHECK(refusal(words) == "cut short or too long");
    }
    SECTION("another magic number") {
        words[0] ^= 1;
        CHECK(refusal(words) == "not a slot");
    }
    SECTION("a format of the future") {
        words[1] = 2;
        CHECK(refusal(words) == "its format 2 is unknown");
    }
    SECTION("the hash of another text") {
        words[2] ^= 1;
        CHECK(refusal(words) == "its description is damaged");
    }
    SECTION("a description outside of the file") {
        words[4] = words.size() + 1;
        CHECK(refusal(words) == "its description is damaged");
        words[4] = 120;
        words[5] = 1U << 20U;
        CHECK(refusal(words) == "its description is damaged");
    }
    SECTION("a description in the place of a section") {
        words = make_words(kOtherLayout, 113);
        CHECK(refusal(words) == "its description overlaps");
    }
    SECTION("an open journal of more entries than it can hold") {
        words[kJournalAt] = 1;
        words[kJournalAt + 1] = 16;
        CHECK(refusal(words) == "its journal is damaged");
    }
    SECTION("an open journal that writes outside of the sections") {
        words[kJournalAt] = 1;
        words[kJournalAt + 1] = 1;
        for (const Word target : {0UL, 39UL, 114UL, 1UL << 40U}) {
            words[kJournalAt + 2] = target;
            CHECK(refusal(words) == "its journal is damaged");
        }
    }
}

TEST_CASE("an open transaction is completed in the copy") {
    std::vector<Word> words = make_other_slot();
    words[kJournalAt] = 7;
    words[kJournalAt + 1] = 1;
    words[kJournalAt + 2] = 40;
    words[kJournalAt + 3] = 6;
    const Result<SlotImage> image = decode_slot(words);
    REQUIRE(image.ok());
    CHECK(image.value().worker(2) == 6);

    words[kJournalAt] = 8;  // closed: the entries are history
    CHECK(decode_slot(words).value().worker(2) == 5);
}

TEST_CASE("reading a slot's file tells what stands in its place") {
    const TemporaryDirectory directory;
    const std::string path = directory / "worker-01.slot";
    CHECK(read(directory.path()).state == SlotState::absent);

    SECTION("a slot") {
        write_words(path, make_other_slot());
        CHECK(read(directory.path()).state == SlotState::intact);
    }
    SECTION("an empty file") {
        write_file(path, "");
    }
    SECTION("a header that is not whole") {
        write_file(path, std::string(312, 'x'));
    }
    SECTION("a size that is not a whole number of words") {
        write_file(path, std::string(36'417, '\0'));
    }
    SECTION("a file of many megabytes") {
        write_file(path, "");
        REQUIRE(::truncate(path.c_str(), 1 << 30) == 0);
    }
    SECTION("noise") {
        std::string noise(sizeof(Slot), '\0');
        unsigned state = 1;
        for (char& c : noise)
            c = static_cast<char>((state = state * 1'103'515'245U + 12'345U) >> 16U);
        write_file(path, noise);
    }
    SECTION("a directory") {
        REQUIRE(::mkdir(path.c_str(), 0700) == 0);
    }
    SECTION("a pipe that nobody writes to") {
        REQUIRE(::mkfifo(path.c_str(), 0600) == 0);
    }
    SECTION("a symbolic link") {
        REQUIRE(::symlink("/dev/zero", path.c_str()) == 0);
    }

    const SlotReading reading = read(directory.path());
    if (reading.state != SlotState::intact) {
        CHECK(reading.state == SlotState::damaged);
        CHECK(reading.reason.find("worker-01.slot: ") == 0);
    }
}

TEST_CASE("a file above one megabyte is not read, whatever stands in it") {
    constexpr std::size_t kMost = 131'072;  // words
    const std::size_t description = (kOtherLayout.size() + 7) / 8;
    const TemporaryDirectory directory;
    const std::string path = directory / "worker-01.slot";
    write_words(path, make_words(kOtherLayout, kMost - description));
    CHECK(read(directory.path()).state == SlotState::intact);
    write_words(path, make_words(kOtherLayout, kMost - description + 1));
    CHECK(read(directory.path()).state == SlotState::damaged);
}
