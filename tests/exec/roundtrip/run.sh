#!/bin/sh
# run.sh VYRE_OPT SOURCES SCRATCH - prints every .vir file of the sources that is a right program, reads it back, prints it again.
opt=$1 sources=$2 scratch=$3
n=0 n_refused=0 n_failed=0

for file in $(find "$sources/examples" "$sources/docs" "$sources/tests" -name '*.vir' | LC_ALL=C sort); do
    folder=$(dirname "$file")
    if ! "$opt" -w -I "$folder" "$file" -o "$scratch/first.vir" 2>/dev/null; then
        n_refused=$((n_refused + 1)) # the tests of diagnostics
        continue
    fi
    n=$((n + 1))
    if ! "$opt" -w -I "$folder" --verify-each "$scratch/first.vir" -o "$scratch/second.vir" ||
        ! cmp "$scratch/first.vir" "$scratch/second.vir"; then
        echo "failed: $file"
        n_failed=$((n_failed + 1))
    fi
done
echo "$n passed, $n_failed failed, $n_refused are not programs"
[ "$n_failed" = 0 ] && [ "$n" -ge 20 ]
