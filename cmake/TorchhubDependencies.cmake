# Every library torchhub stands on. All of them come as packages of the system; nothing is downloaded.
find_package(Threads REQUIRED)
find_package(nlohmann_json 3.11 REQUIRED)
find_package(fmt 9 REQUIRED)
find_package(OpenSSL 3 REQUIRED COMPONENTS Crypto SSL)
find_package(CURL 7.88 REQUIRED)
find_package(ZLIB REQUIRED)
find_package(yaml-cpp 0.7 REQUIRED)
find_package(PkgConfig REQUIRED)

if(NOT TARGET yaml-cpp::yaml-cpp)  # 0.7 exports the bare name, 0.8 the namespaced one
  add_library(yaml-cpp::yaml-cpp ALIAS yaml-cpp)
endif()

pkg_check_modules(lz4 REQUIRED IMPORTED_TARGET liblz4>=1.9)
pkg_check_modules(blake3 IMPORTED_TARGET libblake3>=1.3)  # not there: a portable one of ours
set(TORCHHUB_LIBBLAKE3 ${blake3_FOUND})

if(TORCHHUB_BUILD_SERVER)
  pkg_check_modules(libgit2 REQUIRED IMPORTED_TARGET libgit2>=1.5)
  find_package(Boost 1.74 REQUIRED)  # Beast, headers alone
  pkg_check_modules(prometheus REQUIRED IMPORTED_TARGET prometheus-cpp-core)
  pkg_check_modules(sqlite3 REQUIRED IMPORTED_TARGET sqlite3>=3.40)
endif()
if(TORCHHUB_BUILD_CLI)
  find_package(CLI11 2.1 REQUIRED)
endif()
if(TORCHHUB_BUILD_TENSOR)
  find_package(Torch 1.13 REQUIRED)
endif()
if(TORCHHUB_BUILD_TESTS)
  find_package(GTest 1.12 REQUIRED)
endif()
