# frozen_string_literal: true

# The gem's command: where the bundle is, how to trust it in every Ruby, and whether that is so here.

require 'fileutils'
require 'optparse'
require_relative 'doctor'

ca = Object.const_get(File.basename(__dir__).capitalize.gsub(/_[a-z]/) { |s| s[1].upcase })
return unless ca.respond_to?(:merged_pem) # in a Ruby that nobody has tried it in

ca::USAGE = <<~TEXT
  usage: NAME COMMAND

    env [--shell sh|fish|powershell|cmd] [--format text|json]  print the variables that make every Ruby trust the CAs
        [--write [FILE]]       and write the public roots and these into one file, for grpc
    path [--format text|json]  print the path of the bundle
    doctor [--format text|json]   say what is active here; exit 1 where nothing is, or something is wrong

  --json is short for --format json
TEXT

# How each shell sets a variable, with its value quoted.
ca::SHELLS = {
  'sh' => ->(name, value) { "export #{name}='#{value.gsub("'") { "'\\''" }}'" },
  'fish' => ->(name, value) { "set -gx #{name} '#{value.gsub(/[\\']/) { |sign| "\\#{sign}" }}'" },
  'powershell' => ->(name, value) { "$env:#{name} = '#{value.gsub("'", "''")}'" },
  'cmd' => ->(name, value) { "set \"#{name}=#{value}\"" }
}.freeze

class << ca
  # Run the command and return its exit status.
  def run(arguments)
    options = { format: 'text', shell: 'sh' }
    command, *rest = parser(options).parse(arguments, into: options)
    raise OptionParser::InvalidArgument, rest.first if rest.any?

    obey(options[:command] || command, options)
  rescue OptionParser::ParseError, SystemCallError => e
    warn "#{about['package']}: #{e.message}", usage
    2
  end

  private

  def usage
    self::USAGE.sub('NAME', about['package'])
  end

  def parser(options)
    OptionParser.new do |parser|
      parser.on('--format FORMAT', %w[text json])
      parser.on('--json') { options[:format] = 'json' }
      parser.on('--shell SHELL', self::SHELLS.keys)
      parser.on('--write [FILE]') { |value| options[:write] = File.expand_path(value || default_file) }
      parser.on('-h', '--help') { options[:command] = 'help' }
      parser.on('--version') { options[:command] = 'version' }
    end
  end

  def obey(command, options)
    case command
    when 'env' then print_env(options)
    when 'path' then print_path(options)
    when 'doctor' then print_report(options)
    when 'help' then say(usage)
    when 'version' then say(about['version'])
    else raise OptionParser::InvalidArgument, command || 'a command is missing'
    end
  end

  def say(text)
    puts text
    0
  end

  def print_path(options)
    say(options[:format] == 'json' ? JSON.pretty_generate('path' => path) : path)
  end

  def print_env(options)
    variables = options[:write] ? env.merge(written(options[:write])) : env
    return say(JSON.pretty_generate(variables)) if options[:format] == 'json'

    say(variables.map(&self::SHELLS.fetch(options[:shell])))
  end

  # Write the public roots and these into one file; return the variables that name it.
  def written(file)
    header = "# Written by #{about['package']} env --write\n"
    if File.exist?(file) && File.binread(file, header.size) != header
      raise OptionParser::InvalidArgument, "#{file} is not a file that this command wrote; name another one"
    end

    FileUtils.mkdir_p(File.dirname(file))
    # What somebody else has put there is never written through.
    new = "#{file}.#{Process.pid}.new"
    File.open(new, File::WRONLY | File::CREAT | File::EXCL, 0o644) { |stream| stream.write(header + merged_pem) }
    File.rename(new, file)
    { 'GRPC_DEFAULT_SSL_ROOTS_FILE_PATH' => file }
  end

  def default_file
    cache = ENV.fetch('XDG_CACHE_HOME') { File.join(Dir.home, '.cache') }
    File.join(cache, about['package'], 'roots.pem')
  end

  def print_report(options)
    found = examine
    puts options[:format] == 'json' ? JSON.pretty_generate(found) : report(found)
    found['active'] && found['problems'].empty? ? 0 : 1
  end
end
