<?php
// Open each URL with PHP's streams; print whether its certificate was accepted, and fail if one was not.
$reason = '';
set_error_handler(function (int $level, string $message) use (&$reason): bool {
    $reason .= str_replace("\n", ' ', $message) . ' ';
    return true;
});
$refused = 0;
$context = stream_context_create(['http' => ['ignore_errors' => true]]); // an answer that is one of them is an answer
foreach (array_slice($argv, 1) as $url) {
    $reason = '';
    if (file_get_contents($url, false, $context) === false) {
        $refused = 1;
        echo "$url refused $reason\n";
    } else {
        echo "$url accepted\n";
    }
}
exit($refused);
