# frozen_string_literal: true

# A stand-in for Homebrew, as strict as can be: it knows the few words that trustpack's formula uses, and any other
# is an error. It does what `brew` 6 does with them, by its source: Formulary#load_formula and .class_s,
# Keg#link_dir and #unlink, InstallSteps::Runner.
#
#     ruby homebrew.rb PREFIX install|pour|postinstall|test|uninstall|info FORMULA.rb

require 'digest'
require 'fileutils'
require 'json'
require 'pathname'

PREFIX, ACTION, FILE = ARGV
HOMEBREW_PREFIX = Pathname(PREFIX)

# What Homebrew adds to paths.
class Pathname
  # Move what is named into this folder.
  def install(*names)
    mkpath
    names.each do |name|
      raise "#{name} is not in the archive" unless File.exist?(name)

      FileUtils.mv name, self
    end
  end
end

# The machine that the formula believes to be on.
module OS
  def self.mac?
    ENV.key?('HARNESS_MAC')
  end
end

# The block of `bottle do`.
class Bottle
  attr_reader :facts

  def initialize(&block)
    @facts = {}
    instance_eval(&block)
  end

  def root_url(url)
    @facts[:root_url] = url
  end

  def sha256(cellar:, all:)
    raise "cellar #{cellar}" unless cellar == :any_skip_relocation

    @facts[:all] = all
  end
end

# The block of `post_install_steps do`.
class Steps
  attr_reader :steps

  def initialize(&block)
    @steps = []
    instance_eval(&block)
  end

  def run(command, args:, base:)
    @steps << { command: command, args: args, base: base }
  end
end

# A formula's words, and the folders it may ask for.
class Formula
  class << self
    attr_reader :facts

    %i[desc homepage url sha256 license].each do |word|
      define_method(word) { |value| (@facts ||= {})[word] = value }
    end

    def bottle(&block)
      @facts[:bottle] = Bottle.new(&block).facts
    end

    def post_install_steps(&block)
      @facts[:steps] = Steps.new(&block).steps
    end

    def test(&block)
      define_method(:run_test, &block)
    end
  end

  attr_reader :name

  def initialize(name)
    @name = name
  end

  def facts
    self.class.facts
  end

  # Homebrew reads the version from the archive's name; `brew audit` refuses to be told it again.
  def version
    facts.fetch(:url)[/-(\d+(?:\.\d+)*)\.tar\.gz\z/, 1] or raise 'no version in the URL'
  end

  def rack
    HOMEBREW_PREFIX / 'Cellar' / name
  end

  def prefix
    rack / version
  end

  def opt_prefix
    HOMEBREW_PREFIX / 'opt' / name
  end

  def libexec
    prefix / 'libexec'
  end

  def pkgshare
    prefix / 'share' / name
  end

  def etc
    HOMEBREW_PREFIX / 'etc'
  end

  def assert_includes(collection, item)
    raise 'the test of the formula fails' unless collection.include?(item)
  end
end

def load_formula(file)
  name = File.basename(file, '.rb')
  Object.module_eval(File.read(file), file)
  constant = name.capitalize.gsub(/[-_.\s]([a-zA-Z0-9])/) { Regexp.last_match(1).upcase }.tr('+', 'x')
  Object.const_get(constant).new(name)
end

def fetch(url, sha256)
  file = url.delete_prefix('file://')
  raise "#{url} is no file" unless file != url && File.file?(file)
  raise "SHA-256 mismatch of #{file}" unless Digest::SHA256.file(file).hexdigest == sha256

  file
end

def unpack(file, folder)
  FileUtils.mkdir_p folder
  system('tar', '--extract', '--gzip', '--no-same-owner', '--file', file, '--directory', folder.to_s) or raise 'tar'
end

def build(formula)
  stage = HOMEBREW_PREFIX / 'stage'
  unpack(fetch(formula.facts.fetch(:url), formula.facts.fetch(:sha256)), stage)
  (top,) = stage.children
  Dir.chdir(top) do
    formula.install
    # Homebrew moves what is called so (metafiles.rb has more names) into the keg.
    formula.prefix.install(*Dir['{CHANGELOG.md,README}'])
  end
  stage.rmtree
end

def pour(formula)
  bottle = formula.facts.fetch(:bottle)
  archive = "#{bottle.fetch(:root_url)}/#{formula.name}-#{formula.version}.all.bottle.tar.gz"
  unpack(fetch(archive, bottle.fetch(:all)), HOMEBREW_PREFIX / 'Cellar')
end

def linkable(keg)
  %w[bin etc include lib sbin share var].flat_map { |top| (keg / top).glob('**/*').reject(&:directory?) }
end

# rubocop:disable Metrics -- one step after the other, as Homebrew takes them

def link(formula)
  linkable(formula.prefix).each do |file|
    target = HOMEBREW_PREFIX / file.relative_path_from(formula.prefix)
    raise "#{target} is taken" if target.exist? || target.symlink?

    target.dirname.mkpath
    target.make_symlink(file.relative_path_from(target.dirname))
  end
  formula.opt_prefix.dirname.mkpath
  formula.opt_prefix.make_symlink(formula.prefix.relative_path_from(formula.opt_prefix.dirname))
end

def unlink(formula)
  formula.rack.glob('*').flat_map { |keg| linkable(keg).map { |file| [keg, file] } }.each do |keg, file|
    target = HOMEBREW_PREFIX / file.relative_path_from(keg)
    target.unlink if target.symlink? && target.exist? && target.realpath == file.realpath
  end
  FileUtils.rm_f formula.opt_prefix
  formula.rack.rmtree if formula.rack.exist?
end

def run_steps(formula)
  tokens = { '{{etc}}' => formula.etc, '{{pkgshare}}' => formula.pkgshare }
  formula.facts.fetch(:steps).each do |step|
    arguments = step[:args].map { |argument| argument.gsub(/\{\{\w+\}\}/) { |token| tokens.fetch(token).to_s } }
    system((formula.public_send(step[:base]) / step[:command]).to_s, *arguments) or raise "#{step[:command]} failed"
  end
end

# rubocop:enable Metrics

formula = load_formula(FILE)
case ACTION
when 'install', 'pour'
  # brew unlinks an old version's keg first, and removes it in the end.
  unlink(formula)
  ACTION == 'pour' ? pour(formula) : build(formula)
  link(formula)
  run_steps(formula)
when 'postinstall' then run_steps(formula)
when 'test' then formula.run_test
when 'uninstall' then unlink(formula)
when 'info' then puts JSON.generate(formula.facts.merge(caveats: formula.caveats))
else raise "#{ACTION} is nothing the harness does"
end
