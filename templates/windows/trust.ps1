
# What every package of this kind has added: a key for each, with a value for each certificate.
$Notes = 'SOFTWARE\trustpack\Scripts'
$Own = "$Notes\$($Package.package)"

function Open-Hive {
    # As 64-bit programs see it: Intune starts scripts in a 32-bit PowerShell.
    [Microsoft.Win32.RegistryKey]::OpenBaseKey('LocalMachine', 'Registry64')
}

function Get-NoteName([string] $Path) {
    # Return "STORE\THUMBPRINT" of each certificate that the package of this key has added.
    $hive = Open-Hive
    $key = $hive.OpenSubKey("$Path\Certificates")
    if ($null -ne $key) { $key.GetValueNames(); $key.Close() }
    $hive.Close()
}

function Get-OtherNoteName {
    # The same of every other organisation's package.
    $hive = Open-Hive
    $key = $hive.OpenSubKey($Notes)
    $names = if ($null -ne $key) { $key.GetSubKeyNames(); $key.Close() }
    $hive.Close()
    foreach ($name in $names) {
        if ($name -ne $Package.package) { Get-NoteName "$Notes\$name" }
    }
}

function Get-NotedRelease {
    $hive = Open-Hive
    $key = $hive.OpenSubKey($Own)
    if ($null -ne $key) { $key.GetValue('Release'); $key.Close() }
    $hive.Close()
}

function Set-Note([string] $SubKey, [string] $Name, [string] $Value) {
    $hive = Open-Hive
    $key = $hive.CreateSubKey("$Own$SubKey")
    $key.SetValue($Name, $Value)
    $key.Close()
    $hive.Close()
}

function Clear-Note([string] $Name) {
    $hive = Open-Hive
    $key = $hive.OpenSubKey("$Own\Certificates", $true)
    if ($null -ne $key) { $key.DeleteValue($Name, $false); $key.Close() }
    $hive.Close()
}

function Clear-Package {
    # Forget the package, and the keys above it that nobody else needs.
    $hive = Open-Hive
    $hive.DeleteSubKeyTree($Own, $false)
    foreach ($path in $Notes, 'SOFTWARE\trustpack') {
        $key = $hive.OpenSubKey($path)
        if ($null -eq $key) { continue }
        $isEmpty = $key.SubKeyCount -eq 0 -and $key.ValueCount -eq 0
        $key.Close()
        if ($isEmpty) { $hive.DeleteSubKey($path, $false) }
    }
    $hive.Close()
}

function Open-Store([string] $Name, [string] $Flags) {
    $store = [System.Security.Cryptography.X509Certificates.X509Store]::new($Name, 'LocalMachine')
    $store.Open($Flags)
    $store
}

function Find-Certificate([string] $Note) {
    # Return the certificates that a store has by this name, of whichever source: policies are such a one.
    $name, $thumbprint = $Note.Split('\')
    $store = Open-Store $name 'ReadOnly'
    $store.Certificates | Where-Object { $_.Thumbprint -eq $thumbprint }
    $store.Close()
}

function Add-Certificate($Entry) {
    $bytes = [Convert]::FromBase64String($Entry.certificate)
    $certificate = [System.Security.Cryptography.X509Certificates.X509Certificate2]::new($bytes)
    if ($certificate.Thumbprint -ne $Entry.thumbprint) { throw "$($Entry.thumbprint): is damaged" }
    $store = Open-Store $Entry.store 'ReadWrite'
    $store.Add($certificate)
    $store.Close()
}

function Remove-Certificate([string] $Note) {
    # From the part of the store that is the machine's own: by now a policy may bring the same one in its part.
    $name, $thumbprint = $Note.Split('\')
    $hive = Open-Hive
    $hive.DeleteSubKey("SOFTWARE\Microsoft\SystemCertificates\$name\Certificates\$thumbprint", $false)
    $hive.Close()
}

function Test-Newer([string] $Release, [string] $Other) {
    # Tell whether a release is newer than another: numbers, with dots between them.
    $one = @($Release.Split('.')) + '0', '0'
    $two = @($Other.Split('.')) + '0', '0'
    for ($i = 0; $i -lt [Math]::Min($one.Count, $two.Count); $i++) {
        if ([long] $one[$i] -ne [long] $two[$i]) { return [long] $one[$i] -gt [long] $two[$i] }
    }
    $false
}

$noted = @(Get-NoteName $Own)
$others = @(Get-OtherNoteName)
$wanted = @()

if (-not $Remove) {
    $before = Get-NotedRelease
    if ($before -and (Test-Newer $before $Package.release)) {
        throw "$($Package.package): release $before is here, which is newer than $($Package.release); -Remove takes it away"
    }
    foreach ($entry in $Package.certificates) {
        $note = "$($entry.store)\$($entry.thumbprint)"
        $wanted += $note
        $isThere = @(Find-Certificate $note).Count -gt 0
        if ($isThere -and $noted -notcontains $note -and $others -notcontains $note) {
            Write-Verbose "$note ($($entry.label)): is there already, and stays when this package goes"
            continue
        }
        if ($isThere -and $noted -contains $note) { continue }
        if ($PSCmdlet.ShouldProcess("$note ($($entry.label))", 'Add certificate')) {
            # In this order: what is noted and missing does no harm, and what is there without a note would stay.
            Set-Note '\Certificates' $note $Package.release
            if (-not $isThere) { Add-Certificate $entry }
        }
    }
}

foreach ($note in $noted) {
    if ($wanted -contains $note) { continue }
    if ($PSCmdlet.ShouldProcess($note, 'Remove certificate')) {
        if ($others -notcontains $note) { Remove-Certificate $note }
        Clear-Note $note
    }
}

if ($PSCmdlet.ShouldProcess("HKEY_LOCAL_MACHINE\$Own", 'Note the release')) {
    if ($Remove) { Clear-Package } else { Set-Note '' 'Release' $Package.release }
}
