/* unused.c - what libraries get ready before main, for what vyrec never does. The linker puts these functions in the place of theirs
 * (--wrap, in CMakeLists.txt), only in programs without shared libraries. A quarter of the time of `vyrec --version`. */
int __wrap___cxa_atexit(void (*function)(void *), void *argument, void *library);
const char *__wrap__dl_get_origin(void);
void __wrap__ZN4llvm2cl6Option11addArgumentEv(void *option);

/* llvm::cl::Option::addArgument: enters one of LLVM's 3,000 options into a table of names, for whoever would read a command line
 * with it. Options have their values without. */
void __wrap__ZN4llvm2cl6Option11addArgumentEv(void *option)
{
    (void)option;
}

/* Destructors of C++'s static objects, for a process that ends by _exit. */
int __wrap___cxa_atexit(void (*function)(void *), void *argument, void *library)
{
    (void)function;
    (void)argument;
    (void)library;
    return 0;
}

/* Asks the system where the program's file is, for shared libraries that lie beside it. This is how the C library says that it
 * does not know. */
const char *__wrap__dl_get_origin(void)
{
    return (const char *)-1;
}
