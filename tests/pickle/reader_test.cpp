#include "torchhub/pickle/reader.h"

#include <gtest/gtest.h>

#include <array>

namespace torchhub::pickle {
namespace {

constexpr std::array<float, 12> kNumbers{};

Value read(const std::string& pickle, const Limits& limits = {}) {
  ReadOptions options{.source = "x.pt", .limits = limits};
  options.storage = [](const StorageRequest& request) {
    return std::make_shared<const Storage>(
        Storage{request.type, std::as_bytes(std::span(kNumbers))});
  };
  return read_pickle(std::as_bytes(std::span(pickle)), options).value;
}

/// What is said about the body of a protocol 2 pickle; the STOP is added.
std::string said(const std::string& body, const Limits& limits = {}) {
  try {
    read("\x80\x02" + body + ".", limits);
  } catch (const PickleError& error) {
    const std::string text = error.what();
    const std::string head = "Cannot use 'x.pt': ";
    return text.substr(head.size(), text.find(" (opcode") - head.size());
  }
  return "no error";
}

std::string text(const std::string& s) {
  return std::string("\x8c") + static_cast<char>(s.size()) + s;
}
std::string small(int number) { return std::string("K") + static_cast<char>(number); }
std::string global(const std::string& module, const std::string& name) {
  return "c" + module + "\n" + name + "\n";
}
/// 12 floats.
std::string storage(const std::string& class_name = "FloatStorage", int count = 12) {
  return "(" + text("storage") + global("torch", class_name) + text("0") + text("cpu") +
         small(count) + "tQ";
}
std::string tensor(const std::string& offset, const std::string& size, const std::string& stride) {
  return global("torch._utils", "_rebuild_tensor_v2") + "(" + storage() + offset + size + stride +
         "\x89" + global("collections", "OrderedDict") + ")RtR";
}

std::string put(int index) { return std::string("q") + static_cast<char>(index); }
std::string get(int index) { return std::string("h") + static_cast<char>(index); }
std::string bytes(const std::string& s) {
  return std::string("C") + static_cast<char>(s.size()) + s;
}
std::string times(int count, const std::string& s) {
  std::string all;
  for (int i = 0; i < count; ++i) all += s;
  return all;
}
std::string numpy_u4() { return global("numpy", "dtype") + text("u4") + "\x85R"; }
std::string numpy_array() {
  return global("numpy._core.multiarray", "_reconstruct") + global("numpy", "ndarray") + small(0) +
         "\x85" + bytes("b") + "\x87R";
}

TEST(ReadPickle, NamesTheOpcodeAndWhereItStands) {
  try {
    read("\x80\x02]i.");
    FAIL();
  } catch (const PickleError& error) {
    EXPECT_STREQ(
        error.what(),
        "Cannot use 'x.pt': this opcode is not allowed (opcode 0x69 at byte 3 of the pickle). "
        "Nothing in it was run; download or write it again, or convert it to safetensors "
        "where you trust it.");
  }
}

TEST(ReadPickle, AllowsNoOpcodeOutsideTheTable) {
  const std::string allowed =
      "(.JKMNQRUXabcehj]qrst)uG}BC\x80\x81\x85\x86\x87\x88\x89\x8a\x8c\x8f\x90\x93\x94\x95";
  for (int opcode = 0; opcode < 256; ++opcode) {
    const char c = static_cast<char>(opcode);
    if (allowed.find(c) != std::string::npos) continue;
    EXPECT_EQ(said(std::string(1, c)), "this opcode is not allowed") << opcode;
  }
}

TEST(ReadPickle, AllowsNoNameOutsideTheTable) {
  for (const auto& [module, name] : {std::pair{"os", "system"},
                                     {"posix", "system"},
                                     {"builtins", "eval"},
                                     {"builtins", "getattr"},
                                     {"__builtin__", "eval"},
                                     {"torch", "load"},
                                     {"torch", "hub"},
                                     {"torch", "FloatStorage.x"},
                                     {"torch.storage", "_load_from_bytes"},
                                     {"collections", "namedtuple"},
                                     {"numpy", "load"},
                                     {"torch", ""},
                                     {"", ""},
                                     {"torch._utils", "_rebuild_tensor_v2 "},
                                     {"subprocess", "Popen"}}) {
    const std::string expected =
        std::string("the name '") + module + "." + name + "' is not allowed";
    EXPECT_EQ(said(global(module, name)), expected);
    EXPECT_EQ(said(text(module) + text(name) + "\x93"), expected);
  }
}

TEST(ReadPickle, CallsOnlyWhatMayBeCalled) {
  const std::string not_callable = "this name is not a function that may be called";
  EXPECT_EQ(said(global("torch", "FloatStorage") + ")R"), not_callable);
  EXPECT_EQ(said(global("torch", "Tensor") + ")R"), not_callable);
  EXPECT_EQ(said(global("numpy", "ndarray") + ")R"), not_callable);
  EXPECT_EQ(said(text("posix.system") + ")R"), "only known functions are called, with a tuple");
  EXPECT_EQ(said(global("collections", "OrderedDict") + "]R"),
            "only known functions are called, with a tuple");
}

TEST(ReadPickle, BuildsOnlyWhatHasAState) {
  const std::string refused =
      "only an OrderedDict, a Parameter and a NumPy array can be given a state";
  EXPECT_EQ(said("}}b"), refused);
  EXPECT_EQ(said("]}b"), refused);
  EXPECT_EQ(said(global("torch", "Tensor") + "}b"), refused);
  EXPECT_EQ(said(global("collections", "OrderedDict") + ")R]b"), refused);
}

TEST(ReadPickle, AddsItemsOnlyToWhatHoldsThem) {
  const std::string refused = "items are added to something that holds none";
  EXPECT_EQ(said("}Na"), refused);
  EXPECT_EQ(said("](NNu"), refused);
  EXPECT_EQ(said(")Na"), refused);
  EXPECT_EQ(said("NNNs"), refused);
  EXPECT_EQ(said("}(Nu"), "a key has no value");
}

TEST(ReadPickle, NeverTakesWhatIsNotThere) {
  const std::string empty = "it takes from an empty stack";
  EXPECT_EQ(said(""), empty);
  EXPECT_EQ(said("a"), empty);
  EXPECT_EQ(said("N(\x85"), empty);  // not from below a mark
  EXPECT_EQ(said("t"), "there is no mark");
  EXPECT_EQ(said("NN"), "it ends with values left over");
  EXPECT_EQ(said("h\x07"), "it recalls value 7, which was never remembered");
  EXPECT_EQ(said("q\x01"), empty);
  EXPECT_EQ(said(std::string("X\xff\xff\xff\x00", 5)), "it ends too early");
  EXPECT_EQ(said("cposix"), "a name does not end");
}

TEST(ReadPickle, RefusesTensorsThatLeaveTheirStorage) {
  EXPECT_EQ(said(tensor(small(0), small(12) + "\x85", small(1) + "\x85")), "no error");
  EXPECT_EQ(said(tensor(small(1), small(12) + "\x85", small(1) + "\x85")),
            "a tensor reaches element 12 of a storage with 12");
  EXPECT_EQ(said(tensor(small(0), small(3) + "\x85", small(6) + "\x85")),
            "a tensor reaches element 12 of a storage with 12");
  EXPECT_EQ(said(tensor(small(12), small(0) + "\x85", small(1) + "\x85")), "no error");
  EXPECT_EQ(said(tensor(small(13), small(0) + "\x85", small(1) + "\x85")),
            "a tensor reaches element 13 of a storage with 12");
  const std::string minus_one = "J\xff\xff\xff\xff";
  EXPECT_EQ(said(tensor(minus_one, small(1) + "\x85", small(1) + "\x85")),
            "a tensor's offset is negative");
  EXPECT_EQ(said(tensor(small(0), minus_one + "\x85", small(1) + "\x85")),
            "a tensor's size holds something other than a whole number from 0");
  EXPECT_EQ(said(tensor(small(0), small(2) + "\x85", minus_one + "\x85")),
            "a tensor's stride holds something other than a whole number from 0");
  EXPECT_EQ(said(tensor(small(0), small(2) + "\x85", ")")),
            "a tensor's size and stride differ in length");
  const std::string huge = "\x8a\x08" + std::string(7, '\xff') + "\x7f";
  EXPECT_EQ(said(tensor(small(0), huge + "\x85", huge + "\x85")), "a tensor's size overflows");
  EXPECT_EQ(said(tensor(small(0), small(0) + huge + huge + "\x87",
                        small(1) + small(1) + small(1) + "\x87")),
            "a tensor's size overflows");
  EXPECT_EQ(said(tensor(small(0), "\x88\x85", small(1) + "\x85")),
            "a tensor's size holds something other than a whole number from 0");
}

TEST(ReadPickle, RefusesStoragesThatMakeNoSense) {
  EXPECT_EQ(said("NQ"), "a persistent id is not a tuple");
  EXPECT_EQ(said(text("module") + "\x85Q"), "a persistent id is not that of a storage");
  EXPECT_EQ(said("(" + text("storage") + global("torch", "float32") + text("0") + text("cpu") +
                 small(1) + "tQ"),
            "a storage has no storage class");
  EXPECT_EQ(said("(" + text("storage") + global("torch", "FloatStorage") + text("0") + text("cpu") +
                 "J\xff\xff\xff\xfftQ"),
            "a storage has the impossible size -1");
  EXPECT_EQ(said(storage("FloatStorage", 12) + storage("FloatStorage", 11)),
            "storage '0' has two sizes");
  EXPECT_EQ(said(storage()), "a bare storage stands where a value is due");
}

TEST(ReadPickle, RefusesTensorsWhereNoneAreExpected) {
  const std::string pickle =
      "\x80\x02" + tensor(small(0), small(1) + "\x85", small(1) + "\x85") + ".";
  EXPECT_THROW(read_pickle(std::as_bytes(std::span(pickle))), PickleError);
}

TEST(ReadPickle, KeepsWithinItsLimits) {
  EXPECT_EQ(said("NNN\x87", {.pickle_bytes = 6}), "it is longer than 6 bytes");
  EXPECT_EQ(said(text("12345"), {.text_bytes = 4}), "a text is longer than 4 bytes");
  EXPECT_EQ(said("NNNNNN", {.stack = 3}), "its stack grows beyond the limits");
  EXPECT_EQ(said("((((((", {.stack = 3}), "its stack grows beyond the limits");
  EXPECT_EQ(said(std::string("Nr\xff\xff\xff\x7f")),
            "it remembers more values than the limits allow");
  EXPECT_EQ(said("]]]]]]]]", {.values = 8}), "it makes more values than the limits allow");
  EXPECT_EQ(said(tensor(small(0), small(1) + "\x85", small(1) + "\x85"), {.tensors = 0}),
            "there are more than 0 tensors");
}

TEST(ReadPickle, CountsOnlyThePickleAgainstItsLengthLimit) {
  // A stream of torch.save from before 1.6 has its storages behind the pickle.
  const std::string stream = "\x80\x02N." + std::string(100, 'x');
  ReadOptions options;
  options.limits.pickle_bytes = 4;
  EXPECT_EQ(read_pickle(std::as_bytes(std::span(stream)), options).size, 4U);
}

TEST(ReadPickle, RefusesMoreDimensionsThanTorchAndNumpyHave) {
  const auto sizes = [](int count) { return "(" + times(count, small(1)) + "t"; };
  EXPECT_EQ(said(tensor(small(0), sizes(64), sizes(64))), "no error");
  EXPECT_EQ(said(tensor(small(0), sizes(65), sizes(65))),
            "a tensor has 65 dimensions, more than 64");
  EXPECT_EQ(
      said(numpy_array() + "(" + small(1) + sizes(65) + numpy_u4() + "\x89" + bytes("aaaa") + "tb"),
      "a NumPy array has 65 dimensions, more than 64");
}

/// The opcode that copies too much when `again` follows `first` a hundred times and nothing may be
/// copied but what the pickle's own length allows. "0x2e" is STOP, which makes the tree.
std::string too_much_at(const std::string& first, const std::string& again) {
  const std::string pickle = "\x80\x02(" + first + times(100, again) + "t.";
  try {
    read(pickle, {.copied_bytes = 0});
  } catch (const PickleError& error) {
    const std::string text = error.what();
    const std::string head =
        "Cannot use 'x.pt': it copies more bytes than the limits allow (opcode ";
    return text.starts_with(head) ? text.substr(head.size(), 4) : text;
  }
  return "no error";
}

const std::string kLong(250, 'a');

TEST(ReadPickle, BoundsTheCopiesOfTexts) {
  EXPECT_EQ(too_much_at(text(kLong) + put(0), get(0)), "0x2e");
  EXPECT_EQ(too_much_at(global("_codecs", "encode") + put(0) + text(kLong) + text("latin1") +
                            "\x86" + put(1),
                        get(0) + get(1) + "R"),
            "0x52");
  EXPECT_EQ(
      too_much_at(global("torch", "device") + put(0) + text(kLong) + small(1) + "\x86" + put(1),
                  get(0) + get(1) + "R"),
      "0x52");
  EXPECT_EQ(too_much_at("(" + text("storage") + global("torch", "FloatStorage") + text(kLong) +
                            text("cpu") + small(12) + "t" + put(0),
                        get(0) + "Q"),
            "0x51");
}

TEST(ReadPickle, BoundsTheCopiesOfContainers) {
  const std::string call = get(0) + get(1) + "R";
  EXPECT_EQ(
      too_much_at(global("builtins", "set") + put(0) + "](" + times(200, "N") + "e\x85" + put(1),
                  call),
      "0x52");
  EXPECT_EQ(too_much_at(global("collections", "Counter") + put(0) + "}(" + times(200, "N") +
                            "u\x85" + put(1),
                        call),
            "0x52");
  EXPECT_EQ(too_much_at(global("torch", "Size") + put(0) + "(" + times(200, "N") + "t\x85" + put(1),
                        call),
            "0x52");
  EXPECT_EQ(too_much_at(global("collections", "OrderedDict") + put(0) + "](" +
                            times(200, "NN\x86") + "e\x85" + put(1),
                        call),
            "0x52");
}

TEST(ReadPickle, BoundsTheCopiesOfTensors) {
  const std::string ones = "(" + times(60, small(1)) + "t";
  const std::string call = get(0) + get(1) + "R";
  EXPECT_EQ(too_much_at(tensor(small(0), ones, ones) + put(0), get(0)), "0x2e");
  EXPECT_EQ(too_much_at(global("torch._utils", "_rebuild_parameter") + put(0) +
                            tensor(small(0), ones, ones) + "\x85" + put(1),
                        call),
            "0x52");
  EXPECT_EQ(too_much_at(global("torch._utils", "_rebuild_tensor") + put(0) + "(" + storage() +
                            small(0) + ones + ones + "t" + put(1),
                        call),
            "0x52");
}

TEST(ReadPickle, BoundsTheCopiesOfNumpyArrays) {
  const std::string state = "(" + small(1) + small(50) + "\x85" + numpy_u4() + "\x89" +
                            bytes(std::string(200, 'a')) + "t" + put(1);
  EXPECT_EQ(too_much_at(numpy_array() + put(0) + state, get(0) + get(1) + "b"), "0x62");
  EXPECT_EQ(too_much_at(numpy_array() + state + "b" + put(0), get(0)), "0x2e");
  EXPECT_EQ(too_much_at(global("numpy._core.multiarray", "_reconstruct") + put(0) +
                            global("numpy", "ndarray") + "\x85" + put(1),
                        get(0) + get(1) + "R"),
            "0x52");
}

TEST(ReadPickle, AllowsCopiesInProportionToItsLength) {
  EXPECT_EQ(said(text(kLong), {.copied_bytes = 0}), "no error");
  EXPECT_EQ(said(tensor(small(0), small(12) + "\x85", small(1) + "\x85"), {.copied_bytes = 0}),
            "no error");
  EXPECT_EQ(said("(" + text(kLong) + put(0) + times(100, get(0)) + "t", {.copied_bytes = 25'000}),
            "no error");
}

TEST(ReadPickle, StopsAtDeepNesting) {
  EXPECT_EQ(said(")" + std::string(128, '\x85')), "no error");
  EXPECT_EQ(said(")" + std::string(129, '\x85')), "values are nested deeper than 128");
  EXPECT_EQ(said(")" + std::string(2'000'000, '\x85')), "values are nested deeper than 128");
}

TEST(ReadPickle, StopsAtAListThatHoldsItself) {
  EXPECT_EQ(said(std::string("]q\0h\0a", 6)), "values are nested deeper than 128");
}

TEST(ReadPickle, MakesNoRoomForAListThatHoldsItselfManyTimes) {
  // Each depth would set aside room for all items of the next one.
  const std::string refused = "it stands for more values than the limits allow";
  EXPECT_EQ(said("]" + put(0) + "(" + times(600, get(0)) + "e", {.values = 1'000}), refused);
  EXPECT_EQ(said("}" + put(0) + "(" + times(300, small(1) + get(0)) + "u", {.values = 1'000}),
            refused);
}

TEST(ReadPickle, StopsAtListsThatMultiply) {
  // Thirty times a list of the list before, twice: a billion values.
  std::string body = "]";
  for (int i = 0; i < 30; ++i) body += std::string("q\0h\0\x86", 5);
  EXPECT_EQ(said(body), "it stands for more values than the limits allow");
}

TEST(ReadPickle, RefusesADictWithTwoEqualNames) {
  EXPECT_EQ(said("}(" + text("a") + "N" + text("a") + "Nu"), "a dict holds 'a' twice");
}

TEST(ReadPickle, RefusesOtherProtocols) {
  EXPECT_THROW(read(std::string("\x80\x00N.", 4)), PickleError);
  EXPECT_THROW(read("\x80\x05N."), PickleError);
  EXPECT_NO_THROW(read("\x80\x04N."));
}

TEST(ReadPickle, RefusesNumpyObjectsThatAreNoNumbers) {
  const std::string dtype = global("numpy", "dtype");
  EXPECT_EQ(said(dtype + text("O8") + "\x85R"), "a NumPy dtype is not that of plain numbers");
  EXPECT_EQ(said(dtype + text("V4") + "\x85R"), "a NumPy dtype is not that of plain numbers");
  EXPECT_EQ(said(numpy_u4() + "(" + small(3) + text(">") + "NNNtb"),
            "a NumPy array is not little endian");
  EXPECT_EQ(said(numpy_u4() + "(" + small(3) + text("<") + "N)NNtb"),
            "a NumPy dtype is not that of plain numbers");
  const auto with_size = [](int size) {
    return numpy_array() + "(" + small(1) + small(size) + "\x85" + numpy_u4() + "\x89" +
           bytes("aaaa") + "tb";
  };
  EXPECT_EQ(said(with_size(2)), "a NumPy array's size and bytes differ");
  EXPECT_EQ(said(with_size(1)), "no error");
  EXPECT_EQ(said(numpy_array() + "Nb"), "a NumPy array's state has an unknown form");
}

TEST(ReadPickle, RefusesTextThatIsNotUtf8) { EXPECT_EQ(said(text("\xff")), "a text is not UTF-8"); }

TEST(ReadPickle, SaysHowManyBytesThePickleTook) {
  const std::string bytes = "\x80\x02N.more";
  EXPECT_EQ(read_pickle(std::as_bytes(std::span(bytes))).size, 4U);
}

}  // namespace
}  // namespace torchhub::pickle
