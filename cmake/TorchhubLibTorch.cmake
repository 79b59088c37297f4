# What the packages of LibTorch itself, unlike Debian's, bring along and must not be taken from them.

# out: `paths` with `to` in place of the folder `from`.
function(torchhub_move_paths out from to)
  set(moved)
  string(LENGTH "${from}/" length)
  foreach(path IN LISTS ARGN)
    string(FIND "${path}/" "${from}/" at)
    if(at EQUAL 0)
      string(SUBSTRING "${path}/" ${length} -1 rest)
      set(path "${to}/${rest}")
    endif()
    list(APPEND moved "${path}")
  endforeach()
  set(${out} "${moved}" PARENT_SCOPE)
endfunction()

# Their headers have a {fmt} of their own, which would be mixed with the one that we link: the same
# folders of headers without it. Sets TORCHHUB_LIBTORCH_HEADERS.
function(torchhub_hide_fmt_of_libtorch)
  set(headers ${TORCH_INCLUDE_DIRS})
  foreach(dir IN LISTS TORCH_INCLUDE_DIRS)
    if(EXISTS ${dir}/fmt)
      set(here ${PROJECT_BINARY_DIR}/libtorch-include)
      file(REMOVE_RECURSE ${here})
      file(MAKE_DIRECTORY ${here})
      file(GLOB entries RELATIVE ${dir} ${dir}/*)
      list(REMOVE_ITEM entries fmt)
      foreach(entry IN LISTS entries)
        file(CREATE_LINK ${dir}/${entry} ${here}/${entry} SYMBOLIC)
      endforeach()
      torchhub_move_paths(headers ${dir} ${here} ${headers})
      foreach(target IN ITEMS torch torch_library torch_cpu torch_cpu_library torch_cuda
              torch_cuda_library c10 c10_cuda)
        if(TARGET ${target})
          get_target_property(dirs ${target} INTERFACE_INCLUDE_DIRECTORIES)
          if(dirs)
            torchhub_move_paths(dirs ${dir} ${here} ${dirs})
            set_target_properties(${target} PROPERTIES INTERFACE_INCLUDE_DIRECTORIES "${dirs}")
          endif()
        endif()
      endforeach()
    endif()
  endforeach()
  set(TORCHHUB_LIBTORCH_HEADERS ${headers} PARENT_SCOPE)
endfunction()

# Their libraries export std::filesystem as the compiler that built them had it, and a program that
# finds it there crashes: the system's libstdc++ has to come first.
if(UNIX AND NOT APPLE)
  set(TORCHHUB_BEFORE_LIBTORCH -Wl,--push-state,--no-as-needed -lstdc++ -Wl,--pop-state)
endif()
