<?php
// Open each URL with PHP's streams; print whether its certificate was accepted.
$reason = '';
set_error_handler(function (int $level, string $message) use (&$reason): bool {
    $reason .= str_replace("\n", ' ', $message) . ' ';
    return true;
});
foreach (array_slice($argv, 1) as $url) {
    $reason = '';
    echo $url, file_get_contents($url) === false ? " refused $reason" : ' accepted', "\n";
}
