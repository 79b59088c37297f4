# On in the presets that developers use; a compiler that we have not met must not stop a user.
option(TORCHHUB_WERROR "Treat warnings as errors" OFF)

function(torchhub_set_warnings target)
  target_compile_options(${target} PRIVATE -Wall -Wextra -Wpedantic -Wshadow=local
    # g++ 12 takes correct std::string code for overlapping copies at -O2 and above (GCC bug 105651).
    $<$<CXX_COMPILER_ID:GNU>:-Wno-restrict> $<$<BOOL:${TORCHHUB_WERROR}>:-Werror>)
endfunction()

function(torchhub_set_sanitizers target)
  if(TORCHHUB_SANITIZE)
    # What a sanitizer adds makes g++ take LibTorch's optional arguments for uninitialized.
    target_compile_options(${target} PUBLIC -fsanitize=${TORCHHUB_SANITIZE} -fno-omit-frame-pointer
      $<$<CXX_COMPILER_ID:GNU>:-Wno-maybe-uninitialized>)
    target_link_options(${target} PUBLIC -fsanitize=${TORCHHUB_SANITIZE})
  endif()
  if(TORCHHUB_BUILD_FUZZ)
    # Else libFuzzer sees the branches of the fuzz target alone, and mutates blindly.
    target_compile_options(${target} PUBLIC -fsanitize=fuzzer-no-link)
    target_link_options(${target} PUBLIC -fsanitize=fuzzer-no-link)
  endif()
endfunction()
